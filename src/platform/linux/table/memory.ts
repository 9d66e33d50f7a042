import type { ProportionalMemory } from '../../../operations/ports/process.ts';
import { parsePageBytes } from './auxiliary-vector.ts';
import { readProcFile } from './proc-file.ts';
import { parseSmapsRollup } from './smaps-rollup.ts';

const USUAL_PAGE_BYTES = 4096;

/**
 * PSS and swap of a process in bytes, with shared pages counted proportionally; empty if the kernel does not report
 * them.
 */
export function readProportionalMemory(directory: string): ProportionalMemory {
  const bytes = readProcFile(`${directory}/smaps_rollup`);
  return typeof bytes === 'string' ? {} : parseSmapsRollup(bytes.toString('latin1'));
}

/** Page size in bytes, the unit of the resident set in `stat`: usually 4 KiB, up to 64 KiB on arm64. */
export function readPageBytes(procRoot: string): number {
  const vector = readProcFile(`${procRoot}/self/auxv`);
  // Not readable if this process is not dumpable; the usual size is then the best guess.
  return (typeof vector === 'string' ? undefined : parsePageBytes(vector, process.arch)) ?? USUAL_PAGE_BYTES;
}
