import { closeSync, constants as fileConstants, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type * as Koffi from 'koffi';
import type { Signal } from '../../../operations/ports/process.ts';

/** What became of a child at one look. */
export type WaitResult =
  | { readonly kind: 'running' }
  /** It has ended and is waited for now: by exit (`exitCode`) or by a signal (`signal`, its number). */
  | { readonly kind: 'ended'; readonly exitCode: number | null; readonly signal: number | null }
  /** Not a child of ours, or waited for before. */
  | { readonly kind: 'not-a-child' };

/** The system calls that Node.js lacks. */
export interface LinuxNative {
  /** Whether this kernel sends signals through a directory handle on `/proc/PID` (Linux 5.1; a sandbox may forbid it). */
  readonly canSignalHandles: boolean;
  /** Signals the process a `/proc/PID` directory handle is bound to. Returns the errno; 0 means sent. */
  pidfdSendSignal(descriptor: number, signal: Signal): number;
  /** Makes descendants that lose their parent come to this process instead of pid 1. Returns whether the kernel agreed. */
  setChildSubreaper(): boolean;
  /**
   * Waits for an adopted process without blocking. By pid and never -1; never for a child that Node.js spawned, whose exit would be
   * stolen from it.
   */
  waitPid(pid: number): WaitResult;
  /**
   * Fills a buffer with the next entries of an open directory, as `struct linux_dirent64`. Returns how many bytes of it; 0 at the end,
   * negative where it cannot be read.
   */
  readDirectory(descriptor: number, buffer: Buffer): number;
}

/** The same number on every architecture that has it under its own name (it is younger than their common table). */
const SYS_PIDFD_SEND_SIGNAL = 424;
const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const SIGNAL_NUMBERS: Readonly<Record<Signal, number>> = {
  SIGTERM: 15,
  SIGKILL: 9,
  // This one has other numbers on other architectures.
  SIGSTOP: constants.signals.SIGSTOP,
};
/** Asks whether a signal could be sent, and sends none. */
const NO_SIGNAL = 0;

let loaded: LinuxNative | null | undefined;

/** Loads koffi at the first call (about 8 ms); null where it is not installed or does not load. */
export function loadLinuxNative(): LinuxNative | null {
  if (loaded === undefined) loaded = load();
  return loaded;
}

function load(): LinuxNative | null {
  try {
    return bindCalls(createRequire(import.meta.url)('koffi') as typeof Koffi);
  } catch {
    // No binary for this machine, or an install without optional packages: everything works without, less tightly.
    return null;
  }
}

function bindCalls(koffi: typeof Koffi): LinuxNative {
  const libc = koffi.load(null);
  const syscall = libc.func('long syscall(long number, long a, long b, void *c, long d)') as NativeCall;
  const prctl = libc.func('int prctl(int option, long a, long b, long c, long d)') as NativeCall;
  const waitpid = libc.func('int waitpid(int pid, _Out_ int *status, int options)') as NativeCall;
  const getdents = bindGetdents(libc);
  const send = (descriptor: number, signal: number): number =>
    syscall(SYS_PIDFD_SEND_SIGNAL, descriptor, signal, null, 0) === 0 ? 0 : koffi.errno();
  return {
    canSignalHandles: canSignalSelf(send),
    pidfdSendSignal: (descriptor, signal) => send(descriptor, SIGNAL_NUMBERS[signal]),
    setChildSubreaper: () => prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) === 0,
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

type NativeCall = (...values: (number | null | [number] | Buffer)[]) => number;

/** Every call fails where the C library is older than this one (glibc 2.30). */
function bindGetdents(libc: Koffi.LibraryHandle): NativeCall {
  try {
    return libc.func('long getdents64(int descriptor, void *buffer, size_t length)') as NativeCall;
  } catch {
    return () => -1;
  }
}

/** A sandbox that forbids the call answers EPERM, as for another user's process; only a signal to ourselves tells them apart. */
function canSignalSelf(send: (descriptor: number, signal: number) => number): boolean {
  const descriptor = openSync('/proc/self', fileConstants.O_RDONLY | fileConstants.O_DIRECTORY);
  try {
    return send(descriptor, NO_SIGNAL) === 0;
  } finally {
    closeSync(descriptor);
  }
}

/** Takes the status word of waitpid(2) apart. */
function endOf(status: number): WaitResult {
  const signal = status & 0x7f;
  return signal === 0
    ? { kind: 'ended', exitCode: (status >> 8) & 0xff, signal: null }
    : { kind: 'ended', exitCode: null, signal };
}
