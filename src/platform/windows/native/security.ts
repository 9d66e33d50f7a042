import type { WindowsNative } from './load-native.ts';
import { ACE_HEAD_BYTES, ACE_TYPES, CONTROL, parseSecurity, type Security } from './parse-security.ts';

const OWNER = 0x1;
const DACL = 0x4;
/** Rights come from this list alone, not from a folder above. */
const PROTECTED_DACL = 0x8000_0000 | 0;
/** The longest descriptor. */
const DESCRIPTOR_BYTES = 0x1_0000;
const HEAD_BYTES = 20;
const FILE_ALL_ACCESS = 0x1f_01ff;
/** S-1-5-2: every user of another machine. */
const NETWORK = Buffer.from('010100000000000502000000', 'hex');

/** The owner of an object and the users that may use it; undefined if the system does not tell. */
export function readSecurity(native: WindowsNative, handle: number): Security | undefined {
  const bytes = Buffer.alloc(DESCRIPTOR_BYTES);
  if (native.querySecurity(handle, OWNER | DACL, bytes, bytes.length, Buffer.alloc(4)) < 0) return undefined;
  return parseSecurity(bytes);
}

/** Makes a user the owner of an object, and the only one who may use it, on this machine. @returns whether Windows accepted it. */
export function restrictTo(native: WindowsNative, handle: number, user: Buffer): boolean {
  const descriptor = describeSoleUser(user);
  return native.setSecurity(handle, OWNER | DACL | PROTECTED_DACL, descriptor) >= 0;
}

function describeSoleUser(user: Buffer): Buffer {
  const aces = Buffer.concat([ace(ACE_TYPES.deny, NETWORK), ace(ACE_TYPES.allow, user)]);
  const list = Buffer.alloc(8);
  list.writeUInt8(2, 0);
  list.writeUInt16LE(list.length + aces.length, 2);
  list.writeUInt16LE(2, 4);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(1, 0);
  head.writeUInt16LE(CONTROL.hasDacl | CONTROL.isProtected | CONTROL.isSelfRelative, 2);
  head.writeUInt32LE(HEAD_BYTES, 4);
  head.writeUInt32LE(HEAD_BYTES + user.length, 16);
  return Buffer.concat([head, user, list, aces]);
}

function ace(type: number, sid: Buffer): Buffer {
  const head = Buffer.alloc(ACE_HEAD_BYTES);
  head.writeUInt8(type, 0);
  head.writeUInt16LE(ACE_HEAD_BYTES + sid.length, 2);
  head.writeUInt32LE(FILE_ALL_ACCESS, 4);
  return Buffer.concat([head, sid]);
}
