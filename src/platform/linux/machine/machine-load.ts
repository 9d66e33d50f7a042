import { readdirSync } from 'node:fs';
import type { Limit, MachineMemory } from '../../../operations/ports/doctor.ts';
import { effectiveUid } from '../table/proc-file.ts';
import { readProcText } from '../table/proc-text.ts';

/** Reads a file of `/proc` or `/sys`; undefined if it does not exist. */
type Read = (path: string) => string | undefined;

/** Memory, swap and memory pressure of the machine, and the limit of the container or service. */
export function readMachineMemory(read: Read = readProcText): MachineMemory | undefined {
  const text = read('/proc/meminfo');
  const total = kilobytes(text, 'MemTotal');
  const available = kilobytes(text, 'MemAvailable');
  if (total === undefined || available === undefined) return undefined;
  const [limit, used] = groupMemory(read);
  return {
    totalBytes: total,
    availableBytes: available,
    swapTotalBytes: kilobytes(text, 'SwapTotal') ?? 0,
    swapFreeBytes: kilobytes(text, 'SwapFree') ?? 0,
    pressurePercent: pressureOf(read('/proc/pressure/memory')),
    limitBytes: limit,
    usedOfLimitBytes: limit === undefined ? undefined : used,
  };
}

/** The limits on open files and on the number of processes. */
export function readMachineLimits(
  read: Read = readProcText,
  uid = process.geteuid?.(),
): {
  readonly openFiles: Limit | undefined;
  readonly processes: readonly Limit[];
} {
  const limits = read('/proc/self/limits');
  const files = hardLimit(limits, 'Max open files');
  const processes = [
    // Root is exempt from this limit.
    ...(uid === 0 ? [] : [limitOf(hardLimit(limits, 'Max processes'), threadsOf(uid), 'ulimit -u')]),
    ...groupFiles(read, 'pids.max').map(({ value, folder }) =>
      limitOf(value, wholeNumber(read(`${folder}/pids.current`)), 'pids of the container or service'),
    ),
    limitOf(wholeNumber(read('/proc/sys/kernel/threads-max')), threadsOfMachine(read), 'the whole machine'),
  ].filter((limit) => limit !== undefined);
  return { openFiles: limitOf(files, undefined, 'ulimit -n'), processes };
}

function limitOf(most: number | undefined, used: number | undefined, of: string): Limit | undefined {
  return most === undefined ? undefined : { most, used, of };
}

/** The limit counts threads. Hidden processes belong to other users. */
function threadsOf(uid: number | undefined): number {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && effectiveUid(`/proc/${name}`) === uid)
    .reduce((sum, name) => sum + tasksOf(name), 0);
}

function tasksOf(pid: string): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    // The process is gone.
    return 0;
  }
}

/** `0.00 0.01 0.05 1/123 4567`: the second number of the pair is the number of threads. */
function threadsOfMachine(read: Read): number | undefined {
  const total = /\/(\d+)/.exec(read('/proc/loadavg') ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}

function hardLimit(text: string | undefined, name: string): number | undefined {
  const [, hard] = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(text ?? '') ?? [];
  return wholeNumber(hard);
}

function groupMemory(read: Read): [limit: number | undefined, used: number | undefined] {
  const limits = groupFiles(read, 'memory.max');
  const [tightest] = limits.sort((left, right) => left.value - right.value);
  if (tightest === undefined) return [undefined, undefined];
  const current = wholeNumber(read(`${tightest.folder}/memory.current`));
  // The kernel can reclaim cached memory.
  const cached = Number(/^inactive_file (\d+)$/m.exec(read(`${tightest.folder}/memory.stat`) ?? '')?.[1] ?? 0);
  return [tightest.value, current === undefined ? undefined : Math.max(0, current - cached)];
}

/** The number in this file of this process's control group (version 2) and of the groups above it. */
function groupFiles(read: Read, name: string): { readonly value: number; readonly folder: string }[] {
  const group = /^0::(\/.*)$/m.exec(read('/proc/self/cgroup') ?? '')?.[1];
  if (group === undefined) return [];
  const parts = group.split('/').filter((part) => part !== '' && part !== '..');
  return Array.from({ length: parts.length + 1 }, (_, depth) => ['/sys/fs/cgroup', ...parts.slice(0, depth)].join('/'))
    .map((folder) => ({ value: wholeNumber(read(`${folder}/${name}`)), folder }))
    .filter((found): found is { value: number; folder: string } => found.value !== undefined);
}

/** `some avg10=0.00 avg60=1.25 avg300=0.40 total=12`. */
function pressureOf(text: string | undefined): number | undefined {
  const average = /^some .*\bavg60=([\d.]+)/m.exec(text ?? '')?.[1];
  return average === undefined ? undefined : Number(average);
}

function kilobytes(text: string | undefined, name: string): number | undefined {
  const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text ?? '')?.[1];
  return value === undefined ? undefined : Number(value) * 1024;
}

/** `max` and `unlimited` mean no limit. */
function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) : undefined;
}
