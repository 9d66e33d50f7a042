import type { WindowsNative } from './load-native.ts';

/** Rights to ask for on a file or a pipe. */
export const FILE_RIGHTS = { readSecurity: 0x0002_0000, writeDacl: 0x0004_0000, writeOwner: 0x0008_0000 } as const;

const SHARED = 0x7;
const CASE_INSENSITIVE = 0x40;
const ATTRIBUTES_BYTES = 48;
const NAME_BYTES = 16;
const QUALITY_BYTES = 12;

/**
 * Opens a file, a folder or a pipe by its path. The server of a pipe learns nothing about this process (`SecurityAnonymous`).
 * @returns a handle; or the NTSTATUS, which is negative.
 */
export function openFile(native: WindowsNative, path: string, rights: number): number {
  // Such as `\\.\pipe\x`, which the kernel calls `\??\pipe\x`.
  const text = Buffer.from(String.raw`\??` + '\\' + path.replace(/^\\\\[.?]\\/, ''), 'utf16le');
  const name = Buffer.alloc(NAME_BYTES);
  name.writeUInt16LE(text.length, 0);
  name.writeUInt16LE(text.length, 2);
  name.writeBigUInt64LE(native.addressOf(text), 8);
  const quality = Buffer.alloc(QUALITY_BYTES);
  quality.writeUInt32LE(QUALITY_BYTES);
  const attributes = Buffer.alloc(ATTRIBUTES_BYTES);
  attributes.writeUInt32LE(ATTRIBUTES_BYTES);
  attributes.writeBigUInt64LE(native.addressOf(name), 16);
  attributes.writeUInt32LE(CASE_INSENSITIVE, 24);
  attributes.writeBigUInt64LE(native.addressOf(quality), 40);
  const handle = Buffer.alloc(8);
  const status = native.openFile(handle, rights, attributes, Buffer.alloc(16), SHARED, 0);
  return status < 0 ? status : Number(handle.readBigInt64LE());
}
