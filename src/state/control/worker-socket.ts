import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { readBoundedText } from '../files/bounded-read.ts';
import { ioError } from '../files/io-error.ts';
import { isOutOfReach, isSocketOf, ownerOfFolder } from './socket-file.ts';

const SOCKET = 'worker.sock';
/** Says where the socket is, if it is not in the data dir. */
const NOTE = 'worker.sock.path';
const MAX_NOTE_BYTES = 4096;

/**
 * Where the worker of a data dir answers our own programs. They never ask its port: anybody can listen on a port that became free.
 * @throws Error when nobody listens there, or somebody else could.
 */
export function findWorkerSocket(dataDir: string): string {
  const owner = ownerOfFolder(dataDir);
  const usual = join(dataDir, SOCKET);
  const inDataDir = isSocketOf(owner, usual);
  const path = inDataDir ? usual : readNote(dataDir);
  if (path === undefined || !isSocketOf(owner, path)) throw new Error('no worker listens on this data dir');
  if (isOutOfReach(owner, path, { inDataDir })) return path;
  throw new Error(`others may write to the folder of ${path}: who listens there is not certain`);
}

/**
 * Writes down where the worker listens, for the others to find it.
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
    // There is none, or it is of no use.
    return undefined;
  }
}
