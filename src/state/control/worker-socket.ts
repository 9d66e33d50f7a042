import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedPipes } from '../../shared/named-pipes.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { readBoundedText } from '../files/bounded-read.ts';
import { ioError } from '../files/io-error.ts';
import { isOutOfReach, isSocketOf, ownerOfFolder } from './socket-file.ts';

const SOCKET = 'worker.sock';
/** Names the path of the socket if it is not in the data dir. */
const NOTE = 'worker.sock.path';
const MAX_NOTE_BYTES = 4096;

/**
 * Returns the path where the worker of a data dir answers claude-mem processes. They never use its port, because any
 * process can listen on a port that became free. The owner of a pipe is checked at each connection.
 * @throws Error if no worker listens there, or another user could.
 */
export function findWorkerSocket(dataDir: string, pipes?: NamedPipes): string {
  if (pipes !== undefined) {
    const pipe = readNote(dataDir);
    if (pipe !== undefined && pipes.isPath(pipe)) return pipe;
    throw new Error('no worker listens on this data dir');
  }
  const owner = ownerOfFolder(dataDir);
  const usual = join(dataDir, SOCKET);
  const inDataDir = isSocketOf(owner, usual);
  const path = inDataDir ? usual : readNote(dataDir);
  if (path === undefined || !isSocketOf(owner, path)) throw new Error('no worker listens on this data dir');
  if (isOutOfReach(owner, path, { inDataDir })) return path;
  throw new Error(`the worker socket ${path} is not trusted: other users can write to its folder`);
}

/**
 * Records where the worker listens, so that clients find it.
 * @throws ClaudeMemError `io`.
 */
export function noteWorkerSocket(dataDir: string, path: string): void {
  const note = join(dataDir, NOTE);
  try {
    if (path === join(dataDir, SOCKET)) rmSync(note, { force: true });
    else writeFileAtomic(note, `${path}\n`);
  } catch (error) {
    throw ioError('write', note, error);
  }
}

function readNote(dataDir: string): string | undefined {
  try {
    return readBoundedText(join(dataDir, NOTE), MAX_NOTE_BYTES).trimEnd();
  } catch {
    // The file does not exist or cannot be used.
    return undefined;
  }
}
