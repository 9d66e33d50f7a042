import { lstatSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { ClaudeMemError, errnoOf } from './errors.ts';

/** Nobody but the owner may connect. */
const OTHERS = 0o177;

/**
 * Listens on a socket that this user alone can connect to, from its first moment on. A socket that is there was left by the dead.
 * @throws ClaudeMemError `io`.
 */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  assertPlaceForSocket(path);
  try {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // Node binds within the call, so nothing else of this process comes under the mask.
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
 * Refuses a path at which something else than a socket stands: it may be somebody's, and is not removed.
 * @throws ClaudeMemError `io`.
 */
export function assertPlaceForSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isSocket()) return;
  const kind = found.isDirectory() ? 'a folder' : found.isSymbolicLink() ? 'a link' : 'a file';
  throw new ClaudeMemError('io', `${path} is ${kind}, and claude-mem needs this path for a socket`, {
    hint: `Move it away or remove it, then start again.`,
  });
}
