import { setTimeout as sleep } from 'node:timers/promises';
import {
  STATUS_ACCESS_DENIED,
  STATUS_OBJECT_NAME_NOT_FOUND,
  STATUS_PIPE_NOT_AVAILABLE,
  THIS_PROCESS,
  type WindowsNative,
} from './load-native.ts';
import { FILE_RIGHTS, openFile } from './open-file.ts';
import { readSecurity, restrictTo } from './security.ts';
import { readUserSid } from './user.ts';

/** Node.js keeps four instances of a pipe ready, and replaces each one that a client takes. Milliseconds. */
const BUSY_WAIT_MS = 500;
const BUSY_POLL_MS = 10;

/**
 * Lets only this user open a pipe on which this process listens. Node.js creates it with Windows' defaults: everybody may read. A
 * descriptor belongs to the pipe and not to one of its instances, so later instances have it too.
 * @throws Error.
 */
export function restrictPipe(native: WindowsNative, path: string): void {
  const { writeDacl, writeOwner, readSecurity: read } = FILE_RIGHTS;
  const handle = openFile(native, path, writeDacl | writeOwner | read);
  if (handle < 0) throw pipeError('cannot open', path, handle);
  try {
    const user = ownSid(native);
    if (restrictTo(native, handle, user) && readSecurity(native, handle)?.owner?.equals(user) === true) return;
    throw withCode('EACCES', `Windows does not restrict the pipe ${path} to this user`);
  } finally {
    native.close(handle);
  }
}

/**
 * Checks that a pipe belongs to this user: only a user with the privilege to restore backups can make another one the owner. The
 * handle keeps the pipe and its access list, so no other user can listen under that name until it is closed.
 * @returns a function that closes the handle.
 * @throws Error with `code` `ENOENT`, `EACCES` or `EAGAIN`.
 */
export async function holdPipe(native: WindowsNative, path: string): Promise<() => void> {
  const handle = await openPatiently(native, path);
  if (readSecurity(native, handle)?.owner?.equals(ownSid(native)) === true) {
    return () => {
      native.close(handle);
    };
  }
  native.close(handle);
  throw withCode('EACCES', `the pipe ${path} does not belong to this user`);
}

async function openPatiently(native: WindowsNative, path: string): Promise<number> {
  for (let waitedMs = 0; ; waitedMs += BUSY_POLL_MS) {
    const handle = openFile(native, path, FILE_RIGHTS.readSecurity);
    if (handle >= 0) return handle;
    if (handle !== STATUS_PIPE_NOT_AVAILABLE || waitedMs >= BUSY_WAIT_MS) throw pipeError('cannot open', path, handle);
    await sleep(BUSY_POLL_MS);
  }
}

function ownSid(native: WindowsNative): Buffer {
  const sid = readUserSid(native, THIS_PROCESS);
  if (sid === undefined) throw new Error('Windows does not tell the user of this process');
  return sid;
}

const CODES = new Map([
  [STATUS_OBJECT_NAME_NOT_FOUND, 'ENOENT'],
  [STATUS_ACCESS_DENIED, 'EACCES'],
  [STATUS_PIPE_NOT_AVAILABLE, 'EAGAIN'],
]);

function pipeError(what: string, path: string, status: number): Error {
  return withCode(CODES.get(status) ?? 'EIO', `${what} the pipe ${path}: NTSTATUS 0x${(status >>> 0).toString(16)}`);
}

function withCode(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
