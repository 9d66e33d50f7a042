import type { ProcessRow } from '../../../core/process/snapshot.ts';
import type { WindowsNative } from '../native/load-native.ts';

/** Limit for an environment, in bytes as UTF-16. */
const MOST_ENVIRONMENT_BYTES = 256 * 1024;

/** Offsets of 64-bit Windows. */
const BASIC_BYTES = 0x30;
const PEB_ADDRESS = 0x08;
const PARENT = 0x28;
const PARAMETERS_OF_PEB = 0x20;
const COMMAND_LINE = 0x70;
const ENVIRONMENT = 0x80;
const ENVIRONMENT_BYTES = 0x3f0;
const HEAD_BYTES = ENVIRONMENT_BYTES + 8;
const PAGE_BYTES = 4_096;

/** In VM_COUNTERS. */
const VM_COUNTERS_BYTES = 0x58;
const WORKING_SET = 0x20;
const PAGE_FILE_USE = 0x48;

const CLASS_BASIC = 0;
const CLASS_VM_COUNTERS = 3;
const CLASS_WOW64 = 26;
const CLASS_IMAGE_NAME = 43;
const CLASS_COMMAND_LINE = 60;

/** A UNICODE_STRING counts its bytes in 16 bits, so no text is longer. */
const MOST_TEXT_BYTES = 0xffff;
const TEXT_HEAD_BYTES = 16;

/** Path of the executable. */
export function readExecutable(native: WindowsNative, handle: number): string | undefined {
  return queryText(native, handle, CLASS_IMAGE_NAME);
}

/** Pid of the process that started it, which may be gone. */
export function readParent(native: WindowsNative, handle: number): number | undefined {
  return readBasic(native, handle, PARENT);
}

/** Working set and private bytes. */
export function readMemoryUse(native: WindowsNative, handle: number): Pick<ProcessRow, 'rssBytes' | 'pssBytes'> {
  const counters = Buffer.alloc(VM_COUNTERS_BYTES);
  if (native.queryProcess(handle, CLASS_VM_COUNTERS, counters, counters.length, null) < 0) return {};
  return { rssBytes: addressIn(counters, WORKING_SET), pssBytes: addressIn(counters, PAGE_FILE_USE) };
}

/** The command line, without reading the memory of the process. Windows 8.1 and later. */
export function queryCommandLine(native: WindowsNative, handle: number): string | undefined {
  return queryText(native, handle, CLASS_COMMAND_LINE);
}

/** The command line, from the memory of the process where the system does not tell it. Empty if it cannot be read. */
export function readCommandLine(native: WindowsNative, handle: number): string {
  return queryCommandLine(native, handle) ?? readParameters(native, handle)?.command ?? '';
}

/** Command line and environment of another process. */
export interface ProcessParameters {
  readonly command: string;
  /** NUL-separated variables as UTF-8, like `/proc/PID/environ`. */
  readonly environment: { readonly bytes: Buffer; readonly isCut: boolean };
}

/**
 * Reads both from the memory of a process; undefined if it refuses, is still starting, or is a 32-bit program, whose structures differ.
 * The environment is the present one, not that of the start: a program that changes its own changes these bytes.
 * @param handle with the rights to query and to read memory
 */
export function readParameters(native: WindowsNative, handle: number): ProcessParameters | undefined {
  if (is32Bit(native, handle) !== false) return undefined;
  const peb = readPebAddress(native, handle);
  const parameters = peb === undefined ? undefined : readAddress(native, handle, peb + PARAMETERS_OF_PEB);
  if (parameters === undefined) return undefined;
  const page = readBytes(native, handle, { address: parameters, length: PAGE_BYTES - (parameters % PAGE_BYTES) });
  const head = page !== undefined && page.length >= HEAD_BYTES ? page : undefined;
  const read = head ?? readBytes(native, handle, { address: parameters, length: HEAD_BYTES });
  return read === undefined ? undefined : readTexts(native, handle, { address: parameters, bytes: read });
}

/** Bytes of another process. */
interface Chunk {
  readonly address: number;
  readonly bytes: Buffer;
}

/** Each read costs about 0.2 ms. The texts usually follow the structure, so that two reads suffice. */
function readTexts(native: WindowsNative, handle: number, head: Chunk): ProcessParameters | undefined {
  const { bytes } = head;
  const size = Number(bytes.readBigUInt64LE(ENVIRONMENT_BYTES));
  const isCut = size > MOST_ENVIRONMENT_BYTES;
  const length = Math.min(size, MOST_ENVIRONMENT_BYTES);
  const environment = readPart(native, handle, { address: addressIn(bytes, ENVIRONMENT), length }, head);
  const command = readPart(
    native,
    handle,
    { address: addressIn(bytes, COMMAND_LINE + 8), length: bytes.readUInt16LE(COMMAND_LINE) },
    head,
  );
  if (command === undefined || environment === undefined) return undefined;
  // A cut may leave half a character, which belongs to the variable that is dropped.
  return {
    command: command.toString('utf16le'),
    environment: { bytes: Buffer.from(environment.toString('utf16le')), isCut },
  };
}

function readPart(
  native: WindowsNative,
  handle: number,
  part: { readonly address: number; readonly length: number },
  { address, bytes }: Chunk,
): Buffer | undefined {
  const start = part.address - address;
  if (start >= 0 && start + part.length <= bytes.length) return bytes.subarray(start, start + part.length);
  return readBytes(native, handle, part);
}

function is32Bit(native: WindowsNative, handle: number): boolean | undefined {
  const peb32 = Buffer.alloc(8);
  if (native.queryProcess(handle, CLASS_WOW64, peb32, peb32.length, null) < 0) return undefined;
  return peb32.readBigUInt64LE() !== 0n;
}

function readPebAddress(native: WindowsNative, handle: number): number | undefined {
  return readBasic(native, handle, PEB_ADDRESS);
}

/** An address or number in PROCESS_BASIC_INFORMATION. */
function readBasic(native: WindowsNative, handle: number, at: number): number | undefined {
  const basic = Buffer.alloc(BASIC_BYTES);
  return native.queryProcess(handle, CLASS_BASIC, basic, basic.length, null) < 0 ? undefined : addressIn(basic, at);
}

function readAddress(native: WindowsNative, handle: number, address: number): number | undefined {
  const bytes = readBytes(native, handle, { address, length: 8 });
  return bytes === undefined ? undefined : addressIn(bytes, 0);
}

/** Addresses of programs have 47 bits. */
function addressIn(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

function readBytes(
  native: WindowsNative,
  handle: number,
  { address, length }: { readonly address: number; readonly length: number },
): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  if (length === 0) return bytes;
  if (!Number.isSafeInteger(address) || address === 0) return undefined;
  return native.readMemory(handle, address, bytes, length, null) < 0 ? undefined : bytes;
}

/** A UNICODE_STRING, which Windows writes directly before its text. */
function queryText(native: WindowsNative, handle: number, informationClass: number): string | undefined {
  if (native.queryProcess(handle, informationClass, shared, shared.length, null) < 0) return undefined;
  const length = shared.readUInt16LE(0);
  const start = length === 0 ? TEXT_HEAD_BYTES : Number(shared.readBigUInt64LE(8) - native.addressOf(shared));
  if (start < TEXT_HEAD_BYTES || start + length > shared.length) return undefined;
  return shared.toString('utf16le', start, start + length);
}

const shared = Buffer.allocUnsafeSlow(TEXT_HEAD_BYTES + MOST_TEXT_BYTES + 1);
