import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connectToPipe, type NamedPipes } from '../../shared/named-pipes.ts';
import { readLockHolder } from '../locks/lock-holder.ts';
import { isOutOfReach, isSocketOf, ownerOfFolder } from './socket-file.ts';
import { TREE_ID } from '../../core/tree/manifest.ts';

/** Deadline for the whole answer, in milliseconds: a frozen supervisor must not block `leaks`. */
const ANSWER_MS = 250;

/** A greeting is one short line; a longer one does not come from a supervisor. */
const MAX_GREETING_CHARS = 4096;
const MAX_VERSION_CHARS = 64;

/**
 * Returns the tree id of the supervisor that answers on the control socket. Returns nothing if no process listens, the
 * greeting takes longer than 250 ms, or it is not a line of JSON such as `{"claudeMem":1,"version":"…","treeId":"…"}`.
 * Never throws.
 */
export async function askAnswering(dataDir: string, pipes?: NamedPipes): Promise<string[]> {
  const path = findControlSocket(dataDir, pipes);
  if (path === undefined) return [];
  const greeting = readGreeting(parse(await readFirstLine(path, pipes)));
  return greeting === undefined ? [] : [greeting.treeId];
}

/**
 * The socket in the data dir, or the one named by the holder of the supervisor's lock. It must belong to the data dir's
 * owner. A pipe is always named by the holder; its owner is checked at the connection.
 */
export function findControlSocket(dataDir: string, pipes?: NamedPipes): string | undefined {
  if (pipes !== undefined) {
    const path = readLockHolder(join(dataDir, 'supervisor.lock'))?.socket;
    return path !== undefined && pipes.isPath(path) ? path : undefined;
  }
  const usual = join(dataDir, 'supervisor.sock');
  const owner = ownerOfFolder(dataDir);
  if (isSocketOf(owner, usual)) return usual;
  const other = readLockHolder(join(dataDir, 'supervisor.lock'))?.socket;
  if (other === undefined || other === usual || !isSocketOf(owner, other)) return undefined;
  return isOutOfReach(owner, other, { inDataDir: false }) ? other : undefined;
}

/**
 * Connects to a control socket.
 * @throws Error on a pipe to which this user cannot connect, or of another user; a socket reports such an error later.
 */
export async function openSocket(path: string, pipes: NamedPipes | undefined): Promise<Socket> {
  if (pipes !== undefined) return connectToPipe(path, pipes);
  // Loaded on demand: without a socket it is not needed, and `leaks` must start fast.
  const { createConnection } = await import('node:net');
  return createConnection(path);
}

async function readFirstLine(path: string, pipes: NamedPipes | undefined): Promise<string> {
  const socket = await openSocket(path, pipes).catch(() => undefined);
  if (socket === undefined) return '';
  return new Promise((resolve) => {
    let text = '';
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

/** Parses the first line a supervisor sends. A later version greets with a higher number and counts as alive too. */
export function readGreeting(value: unknown): { readonly treeId: string; readonly version: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { claudeMem, treeId, version } = value as Record<string, unknown>;
  if (typeof claudeMem !== 'number' || typeof treeId !== 'string' || !TREE_ID.test(treeId)) return undefined;
  return { treeId, version: typeof version === 'string' ? version.slice(0, MAX_VERSION_CHARS) : '?' };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Not JSON, so not a supervisor.
    return undefined;
  }
}
