import { lstatSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { ClaudeMemError, errnoOf } from './errors.ts';
import type { NamedPipes } from './named-pipes.ts';

/** Umask that lets only the owner connect. */
const OTHERS = 0o177;

/**
 * Listens on a socket that only this user can connect to, from the moment it exists. Replaces a socket that a dead
 * process left.
 * @param pipes on a system where the path names a pipe.
 * @throws ClaudeMemError `io`.
 */
export async function listenPrivately(server: Server, path: string, pipes?: NamedPipes): Promise<void> {
  if (pipes === undefined) assertPlaceForSocket(path);
  try {
    await (pipes === undefined ? listenOnSocket(server, path) : listenOnPipe(server, path, pipes));
  } catch (error) {
    throw new ClaudeMemError('io', `cannot listen on ${path}: ${errnoOf(error) ?? String(error)}`, {
      hint: 'Check the free space, the owner and the mode of its folder.',
      cause: error,
    });
  }
}

async function listenOnSocket(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true });
  // Node binds within the call, so the umask affects nothing else in this process.
  const mask = process.umask(OTHERS);
  let listening: Promise<void>;
  try {
    listening = listen(server, path);
  } finally {
    process.umask(mask);
  }
  await listening;
}

async function listenOnPipe(server: Server, path: string, pipes: NamedPipes): Promise<void> {
  await listen(server, path);
  try {
    await pipes.restrict(path);
  } catch (error) {
    server.close();
    throw error;
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });
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
