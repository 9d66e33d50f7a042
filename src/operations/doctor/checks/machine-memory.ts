import { formatBytes } from '../../../core/text/wording.ts';
import { fail, pass, skip, warn, type Check } from '../check.ts';
import type { MachineMemory } from '../../ports/doctor.ts';

/** Chroma needs this much to start and work, in bytes. */
const LEAST_BYTES = 300_000_000;
/** Fractions of the total. */
const SCARCE = 0.05;
const SWAP_NEARLY_FULL = 0.9;
/** Percent of the last minute. Above this, users notice that the machine is slow. */
const PRESSURE = 10;
const HEAVY_PRESSURE = 40;

export const machineMemoryCheck: Check = {
  id: 'machine-memory',
  title: 'Memory of the machine',
  why: 'when memory runs out, the kernel kills processes; leaks often fill the swap',
  run: ({ machine, target }) => {
    const memory = machine.memory();
    if (memory === undefined) return skip('unknown on this system');
    const words = describe(memory);
    const fix = `${target.commandLine('leaks')}  (shows the memory of leaks)`;
    const pressure = memory.pressurePercent ?? 0;
    const available = availableOf(memory);
    if (available < LEAST_BYTES || pressure >= HEAVY_PRESSURE) return fail(words, fix);
    const isScarce = available < SCARCE * (memory.limitBytes ?? memory.totalBytes);
    return isScarce || pressure >= PRESSURE || isSwapFull(memory) ? warn(words, fix) : pass(words);
  },
};

function availableOf({ availableBytes, limitBytes, usedOfLimitBytes }: MachineMemory): number {
  if (limitBytes === undefined || usedOfLimitBytes === undefined) return availableBytes;
  return Math.min(availableBytes, Math.max(0, limitBytes - usedOfLimitBytes));
}

function isSwapFull({ swapTotalBytes, swapFreeBytes }: MachineMemory): boolean {
  return swapTotalBytes > 0 && swapFreeBytes < (1 - SWAP_NEARLY_FULL) * swapTotalBytes;
}

function describe(memory: MachineMemory): string {
  const { totalBytes, limitBytes, swapTotalBytes, swapFreeBytes, pressurePercent } = memory;
  const whole = limitBytes === undefined ? formatBytes(totalBytes) : `a limit of ${formatBytes(limitBytes)}`;
  const swap =
    swapTotalBytes === 0
      ? 'no swap'
      : `swap ${formatBytes(swapTotalBytes - swapFreeBytes)} of ${formatBytes(swapTotalBytes)} used`;
  const pressure = pressurePercent === undefined ? '' : `, pressure ${pressurePercent} %`;
  return `${formatBytes(availableOf(memory))} of ${whole} available, ${swap}${pressure}`;
}
