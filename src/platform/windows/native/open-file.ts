import type { WindowsNative } from './load-native.ts';

/** Rights to ask for on a file or a pipe. */
export const FILE_RIGHTS = { readSecurity: 0x0002_0000, writeDacl: 0x0004_0000, writeOwner: 0x0008_0000 } as const;

const SHARED = 0x7;
/** FILE_CREATE: fail if the name exists. */
const CREATE = 2;
/** FILE_DIRECTORY_FILE. */
const FOLDER = 1;
const CASE_INSENSITIVE = 0x40;
/** The offsets of what OBJECT_ATTRIBUTES points to, behind it in one buffer: the name's head, the quality of service, the name. */
const NAME_AT = 48;
const QUALITY_AT = 64;
const QUALITY_BYTES = 12;
const TEXT_AT = 80;
const ALIGNED = 8;

/**
 * Opens a file, a folder or a pipe by its path. The server of a pipe learns nothing about this process (`SecurityAnonymous`).
 * @returns a handle; or the NTSTATUS, which is negative.
 */
export function openFile(native: WindowsNative, path: string, rights: number): number {
  const handle = Buffer.alloc(8);
  const status = native.openFile(handle, rights, attributesOf(native, path), Buffer.alloc(16), SHARED, 0);
  return status < 0 ? status : Number(handle.readBigInt64LE());
}

/**
 * Makes a folder whose owner and users are set before another process can open it.
 * @returns whether it was made; not if something of that name exists.
 */
export function makeFolder(native: WindowsNative, path: string, descriptor: Buffer): boolean {
  const handle = Buffer.alloc(8);
  const status = native.createFile(
    ...[handle, FILE_RIGHTS.readSecurity, attributesOf(native, path, descriptor), Buffer.alloc(16), null],
    ...[0, SHARED, CREATE, FOLDER, null, 0],
  );
  if (status < 0) return false;
  native.close(Number(handle.readBigInt64LE()));
  return true;
}

/** One buffer, which the caller holds during the call: another one could be collected before it. */
function attributesOf(native: WindowsNative, path: string, descriptor: Buffer = Buffer.alloc(0)): Buffer {
  const text = Buffer.from(kernelPath(path), 'utf16le');
  const descriptorAt = Math.ceil((TEXT_AT + text.length) / ALIGNED) * ALIGNED;
  const attributes = Buffer.alloc(descriptorAt + descriptor.length);
  const addressOf = (offset: number) => native.addressOf(attributes) + BigInt(offset);
  attributes.writeUInt32LE(NAME_AT);
  attributes.writeBigUInt64LE(addressOf(NAME_AT), 16);
  attributes.writeUInt32LE(CASE_INSENSITIVE, 24);
  if (descriptor.length > 0) attributes.writeBigUInt64LE(addressOf(descriptorAt), 32);
  attributes.writeBigUInt64LE(addressOf(QUALITY_AT), 40);
  attributes.writeUInt16LE(text.length, NAME_AT);
  attributes.writeUInt16LE(text.length, NAME_AT + 2);
  attributes.writeBigUInt64LE(addressOf(TEXT_AT), NAME_AT + 8);
  attributes.writeUInt32LE(QUALITY_BYTES, QUALITY_AT);
  text.copy(attributes, TEXT_AT);
  descriptor.copy(attributes, descriptorAt);
  return attributes;
}

/** `\\.\pipe\x` is `\??\pipe\x` to the kernel, `C:\x` is `\??\C:\x`, and `\\server\share` is `\??\UNC\server\share`. */
function kernelPath(path: string): string {
  const prefix = String.raw`\??` + '\\';
  if (/^\\\\[.?]\\/.test(path)) return prefix + path.slice(4);
  return prefix + path.replace(/^\\\\/, 'UNC\\');
}
