import { join } from 'node:path';
import { terminateVectorOrphans } from '../operations/terminate/terminate-vector-orphans.ts';
import { type Observation, observe, type Reading, takeReading } from '../operations/observe/observe.ts';
import type { Clock, Signaller } from '../operations/ports/process.ts';
import type { OwnIdentity, TreeRecorder } from '../operations/ports/tree.ts';
import type { Log } from '../shared/log.ts';
import { identifySelf, loadPlatform, type Platform } from '../platform/index.ts';
import { ClaudeMemError } from '../shared/errors.ts';
import { acquireLock } from '../state/locks/lock.ts';
import { readingPorts, systemClock } from './adapters.ts';
import type { ChromaProcessPorts, VectorsGuard } from '../chroma/dependencies.ts';

/** The adapters that worker and search server share. */
export interface Adapters {
  readonly own: OwnIdentity;
  readonly clock: Clock;
  readonly signaller: Signaller;
  readonly processPorts: (recorder: TreeRecorder) => ChromaProcessPorts;
  /** @param command the name in the lock's holder file. */
  readonly vectorsGuard: (command: string) => VectorsGuard;
  readonly takeReading: () => Promise<Reading>;
  /** Takes and judges a reading with memory, including this process. Cheap to repeat. */
  readonly observe: () => Promise<Observation>;
}

/** Loads the adapters for a service. */
export async function loadAdapters(dataDir: string, log: Log): Promise<Adapters> {
  const platform = await loadPlatform();
  const own = identifySelf(platform);
  const ports = readingPorts(platform, dataDir);
  const followed = { ...ports, table: platform.follow() };
  return {
    own,
    clock: systemClock,
    signaller: platform.signaller,
    processPorts: (recorder) => {
      const { identify, table, signaller } = platform;
      return { identify, table, signaller, clock: systemClock, recorder };
    },
    vectorsGuard: (command) => ({
      acquire: () => takeLock(join(dataDir, 'vectors.lock'), command, own),
      endOrphans: () => endOrphans({ dataDir, command, log, platform, own }),
    }),
    takeReading: () => takeReading(ports, { dataDir, memory: false }),
    observe: () => observe(followed, { dataDir, memory: true, judgesSelf: true }),
  };
}

function takeLock(path: string, command: string, { pid, startTicks }: OwnIdentity) {
  const holder = { pid, command, ...(startTicks === undefined ? {} : { startTicks }) };
  return acquireLock(path, { waitMs: 0, holder });
}

interface OrphanHunt extends Pick<Adapters, 'own'> {
  readonly dataDir: string;
  readonly command: string;
  readonly log: Log;
  readonly platform: Platform;
}

/** Does nothing if `operation.lock` is held: its holder is starting or ending processes of this data dir. */
async function endOrphans({ dataDir, command, log, platform, own }: OrphanHunt): Promise<void> {
  const lock = await takeLock(join(dataDir, 'operation.lock'), command, own).catch((error: unknown) => {
    if (error instanceof ClaudeMemError && error.code === 'lock-held') return undefined;
    throw error;
  });
  if (lock === undefined) return;
  try {
    const ports = readingPorts(platform, dataDir);
    const outcomes = await terminateVectorOrphans({
      observe: () => observe(ports, { dataDir, memory: false }),
      signaller: platform.signaller,
      clock: systemClock,
    });
    for (const { pid, outcome } of outcomes) log.warn('ended an orphaned process on the vectors', { pid, outcome });
  } finally {
    lock.release();
  }
}
