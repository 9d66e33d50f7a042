import { closeSync, constants, openSync } from 'node:fs';
import { IS_LITTLE_ENDIAN } from '../byte-order.ts';
import type { ChannelState } from '../../../core/process/channels.ts';
import { type Libc, nativeCall } from '../libc.ts';

const POLLIN = 0x001;
const POLLOUT = 0x004;
const POLLERR = 0x008;
const POLLHUP = 0x010;

/**
 * Whether a process can still write to a pipe that another process reads. Opens the pipe again and polls it; reads no byte.
 * @param path link of the read end, such as `/proc/PID/fd/0`.
 */
export function pollWriters(path: string, libc: Libc | null): ChannelState {
  return pollPipe(path, libc, { access: constants.O_RDONLY, ask: POLLIN, closed: POLLHUP });
}

/**
 * Whether a process can still read from a pipe that another process writes to. Opens the pipe again and polls it; writes no byte.
 * @param path link of the write end, such as `/proc/PID/fd/1`.
 */
export function pollReaders(path: string, libc: Libc | null): ChannelState {
  return pollPipe(path, libc, { access: constants.O_WRONLY, ask: POLLOUT, closed: POLLERR });
}

interface PipeQuestion {
  readonly access: number;
  readonly ask: number;
  readonly closed: number;
}

/** `unknown` if the pipe belongs to another user or closes meanwhile. */
function pollPipe(path: string, libc: Libc | null, { access, ask, closed }: PipeQuestion): ChannelState {
  if (libc === null) return 'unknown';
  const poll = nativeCall(libc, 'int poll(void *requests, unsigned long count, int timeout)');
  let descriptor: number;
  try {
    descriptor = openSync(path, access | constants.O_NONBLOCK);
  } catch {
    return 'unknown';
  }
  try {
    // struct pollfd { int fd; short events; short revents; }
    const request = new DataView(new ArrayBuffer(8));
    request.setInt32(0, descriptor, IS_LITTLE_ENDIAN);
    request.setInt16(4, ask, IS_LITTLE_ENDIAN);
    if (poll(Buffer.from(request.buffer), 1, 0) < 0) return 'unknown';
    return (request.getInt16(6, IS_LITTLE_ENDIAN) & closed) === 0 ? 'open' : 'closed';
  } finally {
    closeSync(descriptor);
  }
}
