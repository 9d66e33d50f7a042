import type { FindMarkHolders } from '../../operations/ports/process.ts';
import type { PortUse } from '../../operations/ports/port-use.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import type { Address } from '../port-check.ts';
import { createCimSignaller } from './cim-signaller.ts';
import { createCimTable } from './cim-table.ts';
import { endWithThisProcess, trackByJob } from './native/job.ts';
import { holdPipe, restrictPipe } from './native/pipe.ts';
import { loadWindowsNative, type WindowsNative } from './native/load-native.ts';
import { readWindowsMachine } from './native/machine.ts';
import { createAccessLists } from './folder-access.ts';
import { findNativeListener } from './listener.ts';
import { createHandleSignaller } from './signal/handle-signaller.ts';
import { identifyNative, measureNative } from './table/identify.ts';
import { findNativeMarkHolders } from './table/mark-holders.ts';
import { createNativeTable } from './table/native-table.ts';

/** The adapters for Windows: by system calls, or by PowerShell if koffi does not load. */
export function createWindowsAdapters() {
  const native = loadWindowsNative();
  return { ...(native === null ? byPowerShell() : bySystemCalls(native)), ...NOT_ON_WINDOWS };
}

/** @throws ClaudeMemError `usage` without koffi. */
export function createPipeCalls() {
  const native = loadWindowsNative();
  if (native === null) {
    throw new ClaudeMemError(
      'usage',
      'on Windows, the tree needs the optional package koffi, which does not load here',
      {
        hint: 'Install claude-mem with optional packages, for a 64-bit Node.js.',
      },
    );
  }
  return {
    restrictPipe: (path: string) => {
      restrictPipe(native, path);
    },
    holdPipe: (path: string) => holdPipe(native, path),
  };
}

const NOT_ON_WINDOWS = {
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
    findListener: (port: number) => findNativeListener(native, port),
    findPortUse: ({ port }: Address): PortUse | undefined => {
      const process = findNativeListener(native, port);
      return process === undefined ? undefined : { kind: 'listens', process };
    },
    accessLists: createAccessLists(native),
    trackDescendants: () => trackByJob(native),
    endWithSelf: () => endWithThisProcess(native),
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
    findListener: () => undefined,
    findPortUse: () => undefined,
    accessLists: undefined,
    trackDescendants: () => null,
    endWithSelf: () => null,
    findMarkHolders: () => Promise.resolve(new Set<number>()),
  };
}
