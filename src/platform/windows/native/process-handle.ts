import {
  type WindowsNative,
  STATUS_ACCESS_DENIED,
  STATUS_INVALID_CID,
  STATUS_INVALID_PARAMETER,
  STATUS_TIMEOUT,
} from './load-native.ts';

/** Rights to ask for on a process. */
export const RIGHTS = {
  terminate: 0x0001,
  setQuota: 0x0100,
  readMemory: 0x0010,
  suspend: 0x0800,
  query: 0x1000,
  wait: 0x0010_0000,
} as const;

/** Why a process could not be opened. `gone` proves that no process has the pid. */
export type OpenFailure = 'gone' | 'permission-denied' | 'unknown';

/** Opens a process by pid. The handle stays bound to it: while a handle is open, Windows gives the pid to no other process. */
export function openProcess(native: WindowsNative, pid: number, rights: number): number | OpenFailure {
  const client = Buffer.alloc(CLIENT_ID_BYTES);
  client.writeBigUInt64LE(BigInt(pid));
  const handle = Buffer.alloc(8);
  const status = native.openProcess(handle, rights, noAttributes(), client);
  if (status >= 0) return Number(handle.readBigInt64LE());
  if (status === STATUS_INVALID_CID || status === STATUS_INVALID_PARAMETER) return 'gone';
  return status === STATUS_ACCESS_DENIED ? 'permission-denied' : 'unknown';
}

/** In 100 ns units; start and end as FILETIME. */
export interface ProcessTimes {
  readonly started: bigint;
  /** 0 while it runs. */
  readonly ended: bigint;
  /** CPU time. */
  readonly cpu: bigint;
}

export function readTimes(native: WindowsNative, handle: number): ProcessTimes | undefined {
  const times = Buffer.alloc(TIMES_BYTES);
  if (native.queryProcess(handle, CLASS_TIMES, times, times.length, null) < 0) return undefined;
  return {
    started: times.readBigInt64LE(0),
    ended: times.readBigInt64LE(8),
    cpu: times.readBigInt64LE(16) + times.readBigInt64LE(24),
  };
}

/** Whether the process of a handle with the right to wait has ended; undefined if the wait failed. */
export function hasEnded(native: WindowsNative, handle: number): boolean | undefined {
  const status = native.wait(handle, 0, Buffer.alloc(8));
  if (status === 0) return true;
  return status === STATUS_TIMEOUT ? false : undefined;
}

const CLASS_TIMES = 4;
/** KERNEL_USER_TIMES: creation, exit, kernel, user. */
const TIMES_BYTES = 32;
const CLIENT_ID_BYTES = 16;
const OBJECT_ATTRIBUTES_BYTES = 48;

function noAttributes(): Buffer {
  const attributes = Buffer.alloc(OBJECT_ATTRIBUTES_BYTES);
  attributes.writeUInt32LE(OBJECT_ATTRIBUTES_BYTES);
  return attributes;
}
