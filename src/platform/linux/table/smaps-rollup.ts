import type { ProportionalMemory } from '../../../operations/ports/process.ts';

/** Parses the text of `/proc/PID/smaps_rollup`, whose values are in kB. */
export function parseSmapsRollup(text: string): ProportionalMemory {
  const pss = bytesOf(text, 'Pss');
  // Proportional like PSS, so that shared pages are not counted twice. Kernels before 4.3 report only Swap.
  const swap = bytesOf(text, 'SwapPss') ?? bytesOf(text, 'Swap');
  return { ...(pss === undefined ? {} : { pssBytes: pss }), ...(swap === undefined ? {} : { swapBytes: swap }) };
}

function bytesOf(text: string, key: string): number | undefined {
  const kilobytes = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
