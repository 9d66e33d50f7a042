import type { FindMarkHolders } from '../../operations/ports/process.ts';
import { createCimSignaller } from './cim-signaller.ts';
import { createCimTable } from './cim-table.ts';
import { trackByJob } from './native/job.ts';
import { loadWindowsNative, type WindowsNative } from './native/load-native.ts';
import { readWindowsMachine } from './native/machine.ts';
import { createHandleSignaller } from './signal/handle-signaller.ts';
import { identifyNative, measureNative } from './table/identify.ts';
import { findNativeMarkHolders } from './table/mark-holders.ts';
import { createNativeTable } from './table/native-table.ts';

/** The adapters for Windows: by system calls, or by PowerShell if koffi does not load. */
export function createWindowsAdapters() {
  const native = loadWindowsNative();
  return { ...(native === null ? byPowerShell() : bySystemCalls(native)), ...NOT_ON_WINDOWS };
}

const NOT_ON_WINDOWS = {
  findListener: () => undefined,
  findPortUse: () => undefined,
  outgoingPorts: () => undefined,
  loadAdoption: () => null,
  load: undefined,
} as const;

function bySystemCalls(native: WindowsNative) {
  const findMarkHolders: FindMarkHolders = (variable, value) =>
    Promise.resolve(findNativeMarkHolders(native, variable, value));
  return {
    table: createNativeTable(native),
    follow: () => createNativeTable(native),
    signaller: createHandleSignaller(native),
    readMachine: () => readWindowsMachine(native),
    identify: (pid: number) => identifyNative(native, pid),
    measure: (pid: number) => measureNative(native, pid),
    trackDescendants: () => trackByJob(native),
    findMarkHolders,
  };
}

/** PowerShell shows neither environments nor records to compare with. */
function byPowerShell() {
  return {
    table: createCimTable(),
    follow: () => createCimTable(),
    signaller: createCimSignaller(),
    readMachine: () => ({}),
    identify: () => undefined,
    measure: null,
    trackDescendants: () => null,
    findMarkHolders: () => Promise.resolve(new Set<number>()),
  };
}
