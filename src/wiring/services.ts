import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { endVectorOrphans } from '../operations/terminate/end-vector-orphans.ts';
import { type Observation, observe, type Reading, takeReading } from '../operations/observe/observe.ts';
import type { Clock, Signaller } from '../operations/ports/process.ts';
import type { Log, OwnIdentity, TreeRecorder } from '../operations/ports/tree.ts';
import { identifySelf, loadPlatform, type Platform } from '../platform/index.ts';
import { ClaudeMemError } from '../shared/errors.ts';
import { acquireLock } from '../state/locks/lock.ts';
import { createRecords } from '../state/trees/records.ts';
import type { ChromaProcessPorts, VectorsGuard } from '../chroma/dependencies.ts';

/** What both services need of the machine and of the data dir. */
export interface Adapters {
  readonly own: OwnIdentity;
  readonly clock: Clock;
  readonly signaller: Signaller;
  readonly processPorts: (recorder: TreeRecorder) => ChromaProcessPorts;
  /** @param command whom the lock's holder file names. */
  readonly vectorsGuard: (command: string) => VectorsGuard;
  readonly takeReading: () => Promise<Reading>;
  /** Reads and judges, with memory and with this process; for somebody who does it again and again. */
  readonly observe: () => Promise<Observation>;
}

/** Picks the adapters, for the `main.ts` of a service. */
export async function loadAdapters(dataDir: string, log: Log): Promise<Adapters> {
  const platform = await loadPlatform();
  const own = identifySelf(platform);
  const ports = { table: platform.table, records: createRecords(dataDir) };
  const followed = { ...ports, table: platform.follow(), readBootId: () => platform.readMachine().bootId };
  const clock: Clock = { now: () => performance.now(), date: () => new Date(), sleep: (ms) => sleep(ms) };
  return {
    own,
    clock,
    signaller: platform.signaller,
    processPorts: (recorder) => {
      const { identify, table, signaller } = platform;
      return { identify, table, signaller, clock, recorder };
    },
    vectorsGuard: (command) => ({
      acquire: () => takeLock(join(dataDir, 'vectors.lock'), command, own),
      endOrphans: () => endOrphans({ dataDir, command, log, platform, own, clock }),
    }),
    takeReading: () => takeReading(ports, { dataDir, memory: false }),
    observe: () => observe(followed, { dataDir, memory: true, judgesSelf: true }),
  };
}

function takeLock(path: string, command: string, { pid, startTicks }: OwnIdentity) {
  const holder = { pid, command, ...(startTicks === undefined ? {} : { startTicks }) };
  return acquireLock(path, { waitMs: 0, holder });
}

interface OrphanHunt extends Pick<Adapters, 'own' | 'clock'> {
  readonly dataDir: string;
  readonly command: string;
  readonly log: Log;
  readonly platform: Platform;
}

/** Whoever holds `operation.lock` is starting or ending processes here: then nothing is ended, and nothing is waited for. */
async function endOrphans({ dataDir, command, log, platform, own, clock }: OrphanHunt): Promise<void> {
  const lock = await takeLock(join(dataDir, 'operation.lock'), command, own).catch((error: unknown) => {
    if (error instanceof ClaudeMemError && error.code === 'lock-held') return undefined;
    throw error;
  });
  if (lock === undefined) return;
  try {
    const ports = { table: platform.table, records: createRecords(dataDir) };
    const outcomes = await endVectorOrphans({
      observe: () => observe(ports, { dataDir, memory: false }),
      signaller: platform.signaller,
      clock,
    });
    for (const { pid, outcome } of outcomes) log.warn('ended an orphan on the vectors', { pid, outcome });
  } finally {
    lock.release();
  }
}
