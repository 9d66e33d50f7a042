import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { readLockHolder } from './lock-holder.ts';

/** Node cuts a longer path silently and listens elsewhere (`sun_path` holds 108 bytes, 104 on macOS). */
const MAX_SOCKET_PATH_BYTES = 100;

/** How long an answer may take in all, in milliseconds: a frozen supervisor must not freeze `leaks`. */
const ANSWER_MS = 250;

/** A greeting is one short line; whoever sends more is somebody else. */
const MAX_GREETING_CHARS = 4096;

/** Where the control socket stands, if the path is short enough for one. */
export function socketPathInDataDir(dataDir: string): string {
  return join(dataDir, 'supervisor.sock');
}

export function isSocketPathShortEnough(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;
}

/**
 * The tree id of the supervisor that answers on the control socket, or nothing: nobody listens, it does not greet within 250 ms, or
 * what it says is no greeting (a line of JSON, `{"claudeMem":1,"version":"…","treeId":"…"}`). Never throws.
 */
export async function askAnswering(dataDir: string): Promise<string[]> {
  const path = findControlSocket(dataDir);
  if (path === undefined) return [];
  const treeId = treeIdOfGreeting(await readFirstLine(path));
  return treeId === undefined ? [] : [treeId];
}

/** In the data dir, or where the holder of the supervisor's lock says. */
export function findControlSocket(dataDir: string): string | undefined {
  const usual = socketPathInDataDir(dataDir);
  if (isSocket(usual)) return usual;
  const other = readLockHolder(join(dataDir, 'supervisor.lock'))?.socket;
  return other !== undefined && isSocket(other) ? other : undefined;
}

function isSocket(path: string): boolean {
  if (!isSocketPathShortEnough(path)) return false;
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
  } catch {
    // A folder we may not look into: whoever listens there cannot be asked.
    return false;
  }
}

async function readFirstLine(path: string): Promise<string> {
  // Loaded here: with no socket there is nobody to ask, and `leaks` should start as fast as it can.
  const { createConnection } = await import('node:net');
  return new Promise((resolve) => {
    let text = '';
    const socket = createConnection(path);
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text.split('\n', 1)[0] ?? '');
    };
    const timer = setTimeout(finish, ANSWER_MS);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n') || text.length > MAX_GREETING_CHARS) finish();
    });
    socket.on('end', finish);
    socket.on('error', finish);
  });
}

function treeIdOfGreeting(line: string): string | undefined {
  try {
    const greeting: unknown = JSON.parse(line);
    if (typeof greeting !== 'object' || greeting === null) return undefined;
    const { claudeMem, treeId } = greeting as Record<string, unknown>;
    // A later version greets with a higher number; it is alive all the same.
    return typeof claudeMem === 'number' && typeof treeId === 'string' && treeId !== '' ? treeId : undefined;
  } catch {
    // Not JSON: not one of ours.
    return undefined;
  }
}
