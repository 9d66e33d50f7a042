import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObservePorts } from '../operations/observe/observe.ts';
import type { Clock } from '../operations/ports/process.ts';
import type { Platform } from '../platform/index.ts';
import { namedPipes } from '../platform/named-pipes.ts';
import { createRecords } from '../state/trees/records.ts';

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  sleep: (ms) => sleep(ms),
};

/** The ports of a reading: this machine's process table, and the records of a data dir. */
export function readingPorts(
  platform: Pick<Platform, 'table' | 'readMachine'>,
  dataDir: string,
): Required<ObservePorts> {
  return {
    table: platform.table,
    records: createRecords(dataDir, namedPipes),
    readBootId: () => platform.readMachine().bootId,
  };
}
