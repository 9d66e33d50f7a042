import type { Identity } from '../process/identity.ts';
import { compareIdentity, isBornAfter, isZombie } from '../process/identity.ts';
import type { ProcessIndex } from '../process/process-index.ts';
import type { OtherRegistry, ProcessRow, ProcessSnapshot } from '../process/snapshot.ts';
import { isObject } from '../is-object.ts';

/** One process in the registry of another claude-mem installation. */
export interface RegistryRecord {
  readonly file: string;
  readonly isWorker: boolean;
  /** An observer: a coding agent that the worker runs to summarize a session. */
  readonly isObserver: boolean;
  readonly identity: Identity;
}

/** A process that a live installation records. */
export interface LiveRecord {
  readonly detail: string;
  readonly isWorker: boolean;
  /** The live worker whose record this is; a worker is its own. */
  readonly worker: ProcessRow;
}

/** The records of other installations, judged against a snapshot. */
export interface OtherInstallations {
  /** Processes that a live installation records: pid → evidence. */
  readonly liveRecords: ReadonlyMap<number, LiveRecord>;
  /** Processes listed in a registry with a live worker, descendants of it or not: pid → file. Such a process is never ended. */
  readonly claims: ReadonlyMap<number, string>;
  /** Recorded workers that are provably gone: pid → record. The pid may be reused. */
  readonly goneWorkers: ReadonlyMap<number, RegistryRecord>;
  /** Observers recorded by a worker that is gone: pid → that worker. The pid may be reused. */
  readonly observers: ReadonlyMap<number, RegistryRecord>;
  /** The first registry file that could not be read; it may record any process. */
  readonly unread: string | undefined;
}

/** Parses the published plugin's files. A torn or unknown file yields no records. */
export function parseRegistries(registries: readonly OtherRegistry[]): readonly RegistryRecord[] {
  return registries.flatMap((registry) => {
    const content = registry.content === null ? undefined : parseJson(registry.content);
    if (!isObject(content)) return [];
    if (isObject(content.processes)) return supervisorRecords(registry.file, content.processes);
    // `worker.pid` and the writer lock of Chroma's directory each name the worker.
    return record(registry.file, content, 'worker');
  });
}

/**
 * Splits the records into those of a live installation and workers that are gone. An entry counts if its worker is alive, the recorded
 * process descends from that worker, and both were born before the registration: otherwise a reused pid would be protected permanently.
 */
export function judgeRegistries(registries: readonly OtherRegistry[], index: ProcessIndex): OtherInstallations {
  const records = parseRegistries(registries).map((item) => comparable(item, index.snapshot));
  const workers = records.filter((item) => item.isWorker);
  const live = workers.flatMap((item) => {
    const row = liveRowOf(item, index);
    return row === undefined ? [] : [{ item, row }];
  });
  const livePids = new Set(live.map(({ row }) => row.pid));
  const liveRecords = new Map<number, LiveRecord>();
  for (const { item, row } of live) {
    liveRecords.set(row.pid, { detail: `recorded as a live worker in ${item.file}`, isWorker: true, worker: row });
  }
  const claims = new Map<number, string>();
  for (const item of records.filter((candidate) => !candidate.isWorker)) {
    const row = liveRowOf(item, index);
    if (row === undefined || liveRecords.has(row.pid)) continue;
    if (live.length > 0) claims.set(row.pid, item.file);
    const worker = index.ancestorsOf(row).find((ancestor) => livePids.has(ancestor.pid));
    if (worker === undefined || isBornAfter(worker, item.identity.startedAt ?? '', index.snapshot)) continue;
    liveRecords.set(row.pid, {
      detail: `recorded in ${item.file} for the live worker pid ${worker.pid}`,
      isWorker: false,
      worker,
    });
  }
  const gone = goneWorkers(workers, livePids, index);
  const unread = registries.find(({ content }) => content === null)?.file;
  return { liveRecords, claims, goneWorkers: gone, observers: leftObservers(records, gone, index), unread };
}

/** A start token is the start in ticks on Linux only. Elsewhere its number means something else, and would prove another process. */
function comparable(item: RegistryRecord, { platform }: ProcessSnapshot): RegistryRecord {
  if (platform === 'linux' || item.identity.startTicks === undefined) return item;
  const { pid, startedAt } = item.identity;
  return { ...item, identity: { pid, isRegistration: true, ...(startedAt === undefined ? {} : { startedAt }) } };
}

/** Observers that were born after their worker, in registries whose every worker is gone. */
function leftObservers(
  records: readonly RegistryRecord[],
  gone: ReadonlyMap<number, RegistryRecord>,
  index: ProcessIndex,
): ReadonlyMap<number, RegistryRecord> {
  const workers = records.filter(({ isWorker }) => isWorker);
  if (workers.length === 0 || !workers.every(({ identity }) => gone.has(identity.pid))) return new Map();
  const left = new Map<number, RegistryRecord>();
  for (const item of records.filter(({ isObserver }) => isObserver)) {
    const row = liveRowOf(item, index);
    const worker = workers.find(({ file }) => file === item.file);
    if (row !== undefined && worker !== undefined && workers.every((each) => isStartedAfter(row, each, index)))
      left.set(row.pid, worker);
  }
  return left;
}

/** A worker registers itself after its start and before it starts a child. */
function isStartedAfter(row: ProcessRow, { identity }: RegistryRecord, { snapshot }: ProcessIndex): boolean {
  if (identity.startTicks !== undefined && row.startTicks !== undefined) return row.startTicks > identity.startTicks;
  const precisionMs = snapshot.startPrecisionMs ?? 0;
  return identity.startedAt !== undefined && Date.parse(row.startedAt) - precisionMs > Date.parse(identity.startedAt);
}

function goneWorkers(workers: readonly RegistryRecord[], live: ReadonlySet<number>, index: ProcessIndex) {
  const gone = new Map<number, RegistryRecord>();
  for (const worker of workers) {
    const { identity } = worker;
    if (live.has(identity.pid)) continue;
    const row = index.byPid.get(identity.pid);
    const isGone =
      row === undefined
        ? index.snapshot.complete
        : isZombie(row) || compareIdentity(identity, row, index.snapshot) === 'different';
    if (isGone) gone.set(identity.pid, worker);
  }
  return gone;
}

/** The recorded process: present, not a zombie, and not born after the registration. */
function liveRowOf(item: RegistryRecord, index: ProcessIndex): ProcessRow | undefined {
  const row = index.livePid(item.identity.pid);
  if (row === undefined) return undefined;
  // Most entries have no exact start, so `unknown` counts as a match. That is safe, because a match only protects.
  return compareIdentity(item.identity, row, index.snapshot) === 'different' ? undefined : row;
}

function supervisorRecords(file: string, processes: Record<string, unknown>): readonly RegistryRecord[] {
  return Object.entries(processes).flatMap(([key, value]) =>
    isObject(value) ? record(file, value, kindOf(key, value)) : [],
  );
}

type RecordKind = 'worker' | 'observer' | 'other';

function kindOf(key: string, { type }: Record<string, unknown>): RecordKind {
  if (type === 'worker' || key === 'worker') return 'worker';
  return type === 'sdk' && key.startsWith('sdk:') ? 'observer' : 'other';
}

function record(file: string, value: Record<string, unknown>, kind: RecordKind): readonly RegistryRecord[] {
  const pid = value.pid;
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 1) return [];
  const registeredAt = value.startedAt ?? value.acquiredAt;
  const token = value.startToken;
  return [
    {
      file,
      isWorker: kind === 'worker',
      isObserver: kind === 'observer',
      identity: {
        pid,
        isRegistration: true,
        ...(typeof token === 'string' && /^\d+$/.test(token) ? { startTicks: Number(token) } : {}),
        ...(typeof registeredAt === 'string' && !Number.isNaN(Date.parse(registeredAt))
          ? { startedAt: registeredAt }
          : {}),
      },
    },
  ];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A torn registry is no evidence. The installation that wrote it reports it.
    return undefined;
  }
}
