import type { ProportionalMemory } from '../../../operations/ports/process.ts';
import { readProcFile } from './proc-file.ts';

/** `AT_PAGESZ` of the auxiliary vector (getauxval(3)). */
const PAGE_SIZE_KEY = 6;
const USUAL_PAGE_BYTES = 4096;

/**
 * PSS and swap of a process in bytes, with shared pages counted proportionally; empty if the kernel does not report
 * them.
 */
export function readProportionalMemory(directory: string): ProportionalMemory {
  const bytes = readProcFile(`${directory}/smaps_rollup`);
  return typeof bytes === 'string' ? {} : parseSmapsRollup(bytes.toString('latin1'));
}

/** Parses the text of `/proc/PID/smaps_rollup`, whose values are in kB. */
export function parseSmapsRollup(text: string): ProportionalMemory {
  const pss = bytesOf(text, 'Pss');
  // Proportional like PSS, so that shared pages are not counted twice. Kernels before 4.3 report only Swap.
  const swap = bytesOf(text, 'SwapPss') ?? bytesOf(text, 'Swap');
  return { ...(pss === undefined ? {} : { pssBytes: pss }), ...(swap === undefined ? {} : { swapBytes: swap }) };
}

/** Page size in bytes, the unit of the resident set in `stat`: usually 4 KiB, up to 64 KiB on arm64. */
export function readPageBytes(procRoot: string): number {
  const vector = readProcFile(`${procRoot}/self/auxv`);
  // Not readable if this process is not dumpable; the usual size is then the best guess.
  return (typeof vector === 'string' ? undefined : parsePageBytes(vector, process.arch)) ?? USUAL_PAGE_BYTES;
}

/** Finds the page size in an auxiliary vector: pairs of native words, key and value. */
export function parsePageBytes(vector: Buffer, arch: string): number | undefined {
  const is32Bit = arch === 'arm' || arch === 'ia32';
  const word = is32Bit ? 4 : 8;
  const read = (offset: number): number =>
    is32Bit ? vector.readUInt32LE(offset) : Number(vector.readBigUInt64LE(offset));
  for (let offset = 0; offset + 2 * word <= vector.length; offset += 2 * word) {
    if (read(offset) === PAGE_SIZE_KEY) return read(offset + word);
  }
  return undefined;
}

function bytesOf(text: string, key: string): number | undefined {
  const kilobytes = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
