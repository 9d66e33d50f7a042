import { closeSync, constants as fileConstants, openSync } from 'node:fs';
import { constants } from 'node:os';
import type { Signal } from '../../../operations/ports/process.ts';
import { loadLibc, type Libc, type NativeCall } from '../libc.ts';

/** The state of a child at one check. */
export type WaitResult =
  | { readonly kind: 'running' }
  /** It has exited and was waited for: by exit (`exitCode`) or by a signal (`signal`, its number). */
  | { readonly kind: 'ended'; readonly exitCode: number | null; readonly signal: number | null }
  /** Not a child of this process, or waited for before. */
  | { readonly kind: 'not-a-child' };

/** System calls that Node.js lacks. */
export interface LinuxNative {
  /**
   * Whether this kernel sends signals through a directory handle on `/proc/PID` (Linux 5.1; a sandbox may forbid it).
   */
  readonly canSignalHandles: boolean;
  /** Signals the process bound to a `/proc/PID` directory handle. Returns the errno; 0 means sent. */
  pidfdSendSignal(descriptor: number, signal: Signal): number;
  /** Makes this process the subreaper of its descendants, in place of pid 1. Returns whether the kernel accepted. */
  setChildSubreaper(): boolean;
  /** Undoes `setChildSubreaper`. Orphans that were re-parented to this process stay its children. */
  unsetChildSubreaper(): void;
  /**
   * Waits for an adopted process without blocking. By pid and never -1: waiting for a child that Node.js spawned would
   * steal its exit status.
   */
  waitPid(pid: number): WaitResult;
  /**
   * Fills a buffer with the next entries of an open directory, as `struct linux_dirent64`. Returns the number of bytes;
   * 0 at the end, negative if it cannot be read.
   */
  readDirectory(descriptor: number, buffer: Buffer): number;
}

/** The same number on every architecture. */
const SYS_PIDFD_SEND_SIGNAL = 424;
const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const SIGNAL_NUMBERS: Readonly<Record<Signal, number>> = {
  SIGTERM: 15,
  SIGKILL: 9,
  // Its number differs between architectures. Asked late: loading `node:os` costs every start a part of a millisecond.
  get SIGSTOP() {
    return constants.signals.SIGSTOP;
  },
};
/** Tests whether a signal could be sent, without sending one. */
const NO_SIGNAL = 0;

let loaded: LinuxNative | null | undefined;

/** Loads koffi at the first call (about 8 ms); null if it is not installed or does not load. */
export function loadLinuxNative(): LinuxNative | null {
  if (loaded === undefined) loaded = bindCalls(loadLibc());
  return loaded;
}

function bindCalls(loadedLibc: Libc | null): LinuxNative | null {
  if (loadedLibc === null) return null;
  const { handle: libc, errno } = loadedLibc;
  const syscall = libc.func('long syscall(long number, long a, long b, void *c, long d)') as NativeCall;
  const prctl = libc.func('int prctl(int option, long a, long b, long c, long d)') as NativeCall;
  const waitpid = libc.func('int waitpid(int pid, _Out_ int *status, int options)') as NativeCall;
  const getdents = bindGetdents(libc);
  const send = (descriptor: number, signal: number): number =>
    syscall(SYS_PIDFD_SEND_SIGNAL, descriptor, signal, null, 0) === 0 ? 0 : errno();
  return {
    canSignalHandles: canSignalSelf(send),
    pidfdSendSignal: (descriptor, signal) => send(descriptor, SIGNAL_NUMBERS[signal]),
    setChildSubreaper: () => prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) === 0,
    unsetChildSubreaper: () => void prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0),
    waitPid: (pid) => {
      if (!(pid > 1)) return { kind: 'not-a-child' };
      const status: [number] = [0];
      const waited = waitpid(pid, status, WNOHANG);
      if (waited === 0) return { kind: 'running' };
      return waited === pid ? endOf(status[0]) : { kind: 'not-a-child' };
    },
    readDirectory: (descriptor, buffer) => getdents(descriptor, buffer, buffer.length),
  };
}

/** Every call fails if the C library is older than glibc 2.30. */
function bindGetdents(libc: Libc['handle']): NativeCall {
  try {
    return libc.func('long getdents64(int descriptor, void *buffer, size_t length)') as NativeCall;
  } catch {
    return () => -1;
  }
}

/**
 * A sandbox that forbids the call answers EPERM, as for another user's process. Only a signal to this process
 * distinguishes the two.
 */
function canSignalSelf(send: (descriptor: number, signal: number) => number): boolean {
  const descriptor = openSync('/proc/self', fileConstants.O_RDONLY | fileConstants.O_DIRECTORY);
  try {
    return send(descriptor, NO_SIGNAL) === 0;
  } finally {
    closeSync(descriptor);
  }
}

/** Decodes the status word of waitpid(2). */
function endOf(status: number): WaitResult {
  const signal = status & 0x7f;
  return signal === 0
    ? { kind: 'ended', exitCode: (status >> 8) & 0xff, signal: null }
    : { kind: 'ended', exitCode: null, signal };
}
