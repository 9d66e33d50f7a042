import { join } from 'node:path';
import { readLockHolder } from '../locks/lock-holder.ts';
import { isOutOfReach, isSocketOf, ownerOfFolder } from './socket-file.ts';
import { TREE_ID } from '../../core/tree/manifest.ts';

/** How long an answer may take in all, in milliseconds: a frozen supervisor must not freeze `leaks`. */
const ANSWER_MS = 250;

/** A greeting is one short line; whoever sends more is somebody else. */
const MAX_GREETING_CHARS = 4096;
const MAX_VERSION_CHARS = 64;

/**
 * The tree id of the supervisor that answers on the control socket, or nothing: nobody listens, it does not greet within 250 ms, or
 * what it says is no greeting (a line of JSON, `{"claudeMem":1,"version":"…","treeId":"…"}`). Never throws.
 */
export async function askAnswering(dataDir: string): Promise<string[]> {
  const path = findControlSocket(dataDir);
  if (path === undefined) return [];
  const greeting = readGreeting(parse(await readFirstLine(path)));
  return greeting === undefined ? [] : [greeting.treeId];
}

/** In the data dir, or where the holder of the supervisor's lock says; of the owner of the data dir, or it is nobody's. */
export function findControlSocket(dataDir: string): string | undefined {
  const usual = join(dataDir, 'supervisor.sock');
  const owner = ownerOfFolder(dataDir);
  if (isSocketOf(owner, usual)) return usual;
  const other = readLockHolder(join(dataDir, 'supervisor.lock'))?.socket;
  if (other === undefined || other === usual || !isSocketOf(owner, other)) return undefined;
  return isOutOfReach(owner, other, { inDataDir: false }) ? other : undefined;
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

/** What a supervisor says of itself first. A later version greets with a higher number; it is alive all the same. */
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
    // Not JSON: not one of ours.
    return undefined;
  }
}
