import { hashMachineId } from '../../machine-id.ts';
import { THIS_PROCESS, type WindowsNative } from './load-native.ts';

/** Identifies this machine and this boot. */
export interface WindowsMachine {
  readonly machineId?: string;
  readonly bootId?: string;
}

let known: WindowsMachine | undefined;

/**
 * The machine's id and its boot, absent if unknown. The boot is named by the machine and the number that the loader counts up at each
 * start. The time of the boot does not name it: Windows moves that time when the clock is set, and every recorded process would seem to
 * be of another boot. Two boots with the same name, before Windows 10, are told apart by the starts of processes, which are absolute.
 */
export function readWindowsMachine(native: WindowsNative): WindowsMachine {
  known ??= read(native);
  return known;
}

function read(native: WindowsNative): WindowsMachine {
  const guid = readMachineGuid(native);
  if (guid === undefined) return {};
  const machineId = hashMachineId(guid);
  return { machineId, bootId: `${machineId}-${readBootNumber(native)}` };
}

/** HKEY_LOCAL_MACHINE, as Windows extends its 32 bits. */
const LOCAL_MACHINE = 0x8000_0002 | 0;
const ONLY_TEXT = 0x02;
const GUID_PATTERN = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function readMachineGuid(native: WindowsNative): string | undefined {
  const value = Buffer.alloc(256);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(value.length);
  const key = String.raw`SOFTWARE\Microsoft\Cryptography`;
  if (native.readRegistry(LOCAL_MACHINE, key, 'MachineGuid', ONLY_TEXT, null, value, length) !== 0) return undefined;
  const text = value.toString('utf16le', 0, Math.max(length.readUInt32LE() - 2, 0));
  return GUID_PATTERN.test(text) ? text : undefined;
}

/**
 * `BootId` in the page that Windows maps into every process (KUSER_SHARED_DATA in ntddk.h): "Boot sequence, incremented for each boot
 * attempt by the OS loader". 0 before Windows 10.
 */
const BOOT_NUMBER_ADDRESS = 0x7ffe_02c4;

function readBootNumber(native: WindowsNative): number {
  const value = Buffer.alloc(4);
  return native.readMemory(THIS_PROCESS, BOOT_NUMBER_ADDRESS, value, value.length, null) < 0 ? 0 : value.readUInt32LE();
}
