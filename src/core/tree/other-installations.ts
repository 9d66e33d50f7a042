import type { Identity } from '../process/identity.ts';
import { compareIdentity, isBornAfter, isZombie } from '../process/identity.ts';
import type { ProcessIndex } from '../process/process-index.ts';
import type { OtherRegistry, ProcessRow } from '../process/snapshot.ts';
import { isObject } from '../is-object.ts';

/** One process in the registry of another claude-mem installation. */
export interface RegistryRecord {
  readonly file: string;
  readonly isWorker: boolean;
  readonly identity: Identity;
}

/** The records of other installations, judged against a snapshot. */
export interface OtherInstallations {
  /** Processes that a live installation records: pid → evidence. */
  readonly liveRecords: ReadonlyMap<number, { readonly detail: string; readonly isWorker: boolean }>;
  /** Processes listed in a registry with a live worker, descendants of it or not: pid → file. Such a process is never ended. */
  readonly claims: ReadonlyMap<number, string>;
  /** Recorded workers that are provably gone: pid → record. The pid may be reused. */
  readonly goneWorkers: ReadonlyMap<number, RegistryRecord>;
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
    return record(registry.file, content, true);
  });
}

/**
 * Splits the records into those of a live installation and workers that are gone. An entry counts if its worker is alive, the recorded
 * process descends from that worker, and both were born before the registration: otherwise a reused pid would be protected for ever.
 */
export function judgeRegistries(registries: readonly OtherRegistry[], index: ProcessIndex): OtherInstallations {
  const records = parseRegistries(registries);
  const workers = records.filter((item) => item.isWorker);
  const live = workers.flatMap((item) => {
    const row = liveRowOf(item, index);
    return row === undefined ? [] : [{ item, row }];
  });
  const livePids = new Set(live.map(({ row }) => row.pid));
  const liveRecords = new Map<number, { detail: string; isWorker: boolean }>();
  for (const { item, row } of live) {
    liveRecords.set(row.pid, { detail: `recorded as a live worker in ${item.file}`, isWorker: true });
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
    });
  }
  const unread = registries.find(({ content }) => content === null)?.file;
  return { liveRecords, claims, goneWorkers: goneWorkers(workers, livePids, index), unread };
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
    isObject(value) ? record(file, value, value.type === 'worker' || key === 'worker') : [],
  );
}

function record(file: string, value: Record<string, unknown>, isWorker: boolean): readonly RegistryRecord[] {
  const pid = value.pid;
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 1) return [];
  const registeredAt = value.startedAt ?? value.acquiredAt;
  const token = value.startToken;
  return [
    {
      file,
      isWorker,
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
