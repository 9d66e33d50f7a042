import type { WindowsNative } from './load-native.ts';
import { FILE_RIGHTS, openFile } from './open-file.ts';
import { ACE_HEAD_BYTES, ACE_TYPES, CONTROL, parseSecurity, type Security } from './parse-security.ts';

/** SE_FILE_OBJECT: files and folders. */
const FILE_OBJECT = 1;
const OWNER = 0x1;
const DACL = 0x4;
/** Rights come from this list alone, not from a folder above. */
const PROTECTED_DACL = 0x8000_0000 | 0;
/** The longest descriptor. */
const DESCRIPTOR_BYTES = 0x1_0000;
const HEAD_BYTES = 20;
const FILE_ALL_ACCESS = 0x1f_01ff;
/** Files and folders in the folder inherit the entry. */
const INHERITED = 0x3;
/** S-1-5-2: every user of another machine. */
const NETWORK = Buffer.from('010100000000000502000000', 'hex');
/** S-1-5-18 and S-1-5-32-544: Windows itself, and administrators. Backups and virus scanners need them. */
const SYSTEM = Buffer.from('010100000000000512000000', 'hex');
const ADMINISTRATORS = Buffer.from('01020000000000052000000020020000', 'hex');

/** The owner of an object and the users that may use it; undefined if the system does not tell. */
export function readSecurity(native: WindowsNative, handle: number): Security | undefined {
  const bytes = Buffer.alloc(DESCRIPTOR_BYTES);
  if (native.querySecurity(handle, OWNER | DACL, bytes, bytes.length, Buffer.alloc(4)) < 0) return undefined;
  return parseSecurity(bytes);
}

/** Makes a user the owner of an object, and the only one who may use it, on this machine. @returns whether Windows accepted it. */
export function restrictTo(native: WindowsNative, handle: number, user: Buffer): boolean {
  const list = listOf([ace(ACE_TYPES.deny, NETWORK), ace(ACE_TYPES.allow, user)]);
  return native.setSecurity(handle, OWNER | DACL | PROTECTED_DACL, descriptorOf(user, list)) >= 0;
}

/** For a folder of a user that no other user may enter, except administrators. */
export function describePrivateFolder(user: Buffer): Buffer {
  return descriptorOf(user, privateList(user));
}

/**
 * Lets a user, administrators and Windows use a folder, and no other user. Files and folders in it inherit that, as far as they have no
 * list of their own. @returns whether Windows accepted it.
 */
export function closeFolderTo(native: WindowsNative, path: string, user: Buffer): boolean {
  // The first call passes the list on to what is in the folder. The second one needs no parent, from which Wine would inherit again.
  const parts = DACL | PROTECTED_DACL;
  if (native.setNamedSecurity(path, FILE_OBJECT, parts, null, null, privateList(user), null) !== 0) return false;
  const handle = openFile(native, path, FILE_RIGHTS.writeDacl);
  if (handle < 0) return false;
  const isClosed = native.setSecurity(handle, parts, describePrivateFolder(user)) >= 0;
  native.close(handle);
  return isClosed;
}

function privateList(user: Buffer): Buffer {
  return listOf([user, SYSTEM, ADMINISTRATORS].map((who) => ace(ACE_TYPES.allow, who, INHERITED)));
}

function listOf(entries: readonly Buffer[]): Buffer {
  const list = Buffer.concat([Buffer.alloc(8), ...entries]);
  list.writeUInt8(2, 0);
  list.writeUInt16LE(list.length, 2);
  list.writeUInt16LE(entries.length, 4);
  return list;
}

function descriptorOf(user: Buffer, list: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(1, 0);
  head.writeUInt16LE(CONTROL.hasDacl | CONTROL.isProtected | CONTROL.isSelfRelative, 2);
  head.writeUInt32LE(HEAD_BYTES, 4);
  head.writeUInt32LE(HEAD_BYTES + user.length, 16);
  return Buffer.concat([head, user, list]);
}

function ace(type: number, sid: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(ACE_HEAD_BYTES);
  head.writeUInt8(type, 0);
  head.writeUInt8(flags, 1);
  head.writeUInt16LE(ACE_HEAD_BYTES + sid.length, 2);
  head.writeUInt32LE(FILE_ALL_ACCESS, 4);
  return Buffer.concat([head, sid]);
}
