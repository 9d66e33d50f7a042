import { lstatSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { ClaudeMemError, errnoOf } from './errors.ts';

/** Umask that lets only the owner connect. */
const OTHERS = 0o177;

/**
 * Listens on a socket that only this user can connect to, from the moment it exists. Replaces a socket that a dead
 * process left.
 * @throws ClaudeMemError `io`.
 */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  assertPlaceForSocket(path);
  try {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // Node binds within the call, so the umask affects nothing else in this process.
      const mask = process.umask(OTHERS);
      try {
        server.listen({ path }, () => {
          server.off('error', reject);
          resolve();
        });
      } finally {
        process.umask(mask);
      }
    });
  } catch (error) {
    throw new ClaudeMemError('io', `cannot listen on ${path}: ${errnoOf(error) ?? String(error)}`, {
      hint: 'Check the free space, the owner and the mode of its folder.',
      cause: error,
    });
  }
}

/**
 * Refuses a path where a file other than a socket exists. Such a file may contain data, so it is not removed.
 * @throws ClaudeMemError `io`.
 */
export function assertPlaceForSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isSocket()) return;
  const kind = found.isDirectory() ? 'a folder' : found.isSymbolicLink() ? 'a link' : 'a file';
  throw new ClaudeMemError('io', `claude-mem needs ${path} for a socket, but it is ${kind}`, {
    hint: `Move or remove it, then start again.`,
  });
}
