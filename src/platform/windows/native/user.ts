import { sha256 } from '@noble/hashes/sha2.js';
import { THIS_PROCESS, type WindowsNative } from './load-native.ts';

const TOKEN_QUERY = 0x0008;
const CLASS_USER = 1;
/** TOKEN_USER and the longest SID. */
const USER_BYTES = 16 + 68;

/** The user of a process, by a handle with the right to query; undefined if the system does not tell. */
export function readUser(native: WindowsNative, handle: number): number | undefined {
  const sid = readUserSid(native, handle);
  return sid === undefined ? undefined : userNumber(sid);
}

/** The SID of the user of a process. */
export function readUserSid(native: WindowsNative, handle: number): Buffer | undefined {
  const token = Buffer.alloc(8);
  if (native.openToken(handle, TOKEN_QUERY, token) < 0) return undefined;
  const tokenHandle = Number(token.readBigInt64LE());
  try {
    const user = Buffer.alloc(USER_BYTES);
    if (native.queryToken(tokenHandle, CLASS_USER, user, user.length, Buffer.alloc(4)) < 0) return undefined;
    const start = Number(user.readBigUInt64LE() - native.addressOf(user));
    return start < 16 || start + 8 > user.length ? undefined : Buffer.from(sidAt(user, start));
  } finally {
    native.close(tokenHandle);
  }
}

export function readOwnUser(native: WindowsNative): number | undefined {
  return readUser(native, THIS_PROCESS);
}

/** Revision, count of sub-authorities, authority in 6 bytes, and 4 bytes for each sub-authority. */
export function sidAt(bytes: Buffer, start: number): Buffer {
  return bytes.subarray(start, start + 8 + 4 * (bytes[start + 1] ?? 0));
}

/**
 * Windows has no user numbers. 48 bits of the SID's hash take their place: equal for equal users on every machine, and never 0, which
 * means root elsewhere.
 */
function userNumber(sid: Buffer): number {
  const text = sid.toString('latin1');
  // Nearly all processes belong to a few users, and the hash costs as much as a system call.
  const known = knownNumbers.get(text);
  if (known !== undefined) return known;
  const number = Buffer.from(sha256(sid)).readUIntBE(0, 6) || 1;
  if (knownNumbers.size >= MOST_KNOWN) knownNumbers.clear();
  knownNumbers.set(text, number);
  return number;
}

const knownNumbers = new Map<string, number>();
const MOST_KNOWN = 1_000;
