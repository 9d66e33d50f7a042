import type { WindowsNative } from '../native/load-native.ts';
import { openProcess, RIGHTS } from '../native/process-handle.ts';
import { listProcesses } from './list-processes.ts';
import { readParameters } from './process-parameters.ts';

/** Pids of processes whose environment contains this variable and value. Skips processes that refuse to be read. */
export function findNativeMarkHolders(native: WindowsNative, variable: string, value: string): ReadonlySet<number> {
  const entry = `${variable}=${value}`;
  const holders = listProcesses(native).filter(({ pid, threads }) => {
    if (pid === 0 || threads === 0) return false;
    return readEnvironment(native, pid).includes(entry);
  });
  return new Set(holders.map(({ pid }) => pid));
}

function readEnvironment(native: WindowsNative, pid: number): readonly string[] {
  const handle = openProcess(native, pid, RIGHTS.query | RIGHTS.readMemory);
  if (typeof handle === 'string') return [];
  try {
    return readParameters(native, handle)?.environment.bytes.toString('utf8').split('\0') ?? [];
  } finally {
    native.close(handle);
  }
}
