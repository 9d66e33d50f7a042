import { classify } from '../../src/core/verdicts/classify.ts';
import { formatOwnerMark } from '../../src/core/process/identity.ts';
import { JudgementContext } from '../../src/core/verdicts/judgement-context.ts';
import type { Manifest, ManifestEntry, Role, StoredIdentity } from '../../src/core/tree/manifest.ts';
import { ProcessIndex } from '../../src/core/process/process-index.ts';
import type { OtherRegistry, ProcessRow, ProcessSnapshot } from '../../src/core/process/snapshot.ts';
import type { Judgement, Verdict } from '../../src/core/verdicts/verdict.ts';

export const DATA_DIR = '/home/u/.claude-mem';
export const BOOT = 'boot-1';
export const MACHINE = 'machine-1';
export const NAMESPACE = '4026531836';
export const UID = 1000;
export const SELF_PID = 9_000;
/** Everything a builder makes is hours old at this moment, unless a test says otherwise. */
export const NOW_TICKS = 10_000_000;
const TICKS_PER_SECOND = 100;

const BOOTED_AT_MS = Date.parse('2026-11-01T00:00:00.000Z');

/** The wall clock at that many ticks after boot, ISO 8601. */
export function clockAt(ticks: number): string {
  return new Date(BOOTED_AT_MS + (ticks * 1000) / TICKS_PER_SECOND).toISOString();
}

/** The start ticks of what is that many seconds old. */
export function secondsOld(seconds: number): Pick<ProcessRow, 'startTicks' | 'startedAt'> {
  return bornAt(NOW_TICKS - seconds * TICKS_PER_SECOND);
}

export function bornAt(startTicks: number): Pick<ProcessRow, 'startTicks' | 'startedAt'> {
  return { startTicks, startedAt: clockAt(startTicks) };
}

/** A row of the user's own; the larger its pid the later its birth. It leads its session unless `sid` or `pgid` say otherwise. */
export function row(pid: number, ppid: number, command: string, extra: Partial<ProcessRow> = {}): ProcessRow {
  const argv = command.split(' ');
  return {
    pid,
    ppid,
    pgid: extra.sid ?? pid,
    sid: pid,
    uid: UID,
    state: 'S',
    threads: 1,
    ...bornAt(pid * 10),
    name: (argv[0] ?? '').slice((argv[0] ?? '').lastIndexOf('/') + 1).slice(0, 15),
    argv,
    command,
    ...extra,
  };
}

/** The same row as a reader without session ids, start ticks and argv shows it (ps-list). */
export function asPsListShows(full: ProcessRow): ProcessRow {
  const { pid, ppid, pgid, uid, state, startedAt, name, command } = full;
  return { pid, ppid, startedAt, name, command, ...defined({ pgid, uid, state }) };
}

export const init = row(1, 0, '/sbin/init', { name: 'systemd', uid: 0 });
export const systemdUser = row(50, 1, '/usr/lib/systemd/systemd --user', { name: 'systemd' });
export const terminal = row(60, 50, '/usr/bin/terminal', { name: 'terminal' });
/** An interactive shell: a session of its own, like everything that runs in a terminal. */
export const shell = row(70, 60, '/bin/bash', { name: 'bash' });
export const self = row(SELF_PID, 70, 'node /usr/bin/claude-mem leaks', { sid: 70, pgid: SELF_PID });

/** The machine around what a test is about. */
export const machine = [init, systemdUser, terminal, shell, self];

export const CHROMA = `--client-type persistent --data-dir ${DATA_DIR}/chroma`;
export const UVX = '/home/u/.local/bin/uv tool uvx --python 3.13 chroma-mcp==0.2.6';
export const PYTHON = '/home/u/.cache/uv/archive-v0/abc/bin/python /home/u/.cache/uv/archive-v0/abc/bin/chroma-mcp';

/** A uv wrapper of chroma-mcp on this data dir. */
export function uv(pid: number, ppid: number, extra: Partial<ProcessRow> = {}): ProcessRow {
  return row(pid, ppid, `${UVX} ${CHROMA}`, { name: 'uv', ...extra });
}

/** A chroma-mcp python on this data dir. */
export function python(pid: number, ppid: number, extra: Partial<ProcessRow> = {}): ProcessRow {
  return row(pid, ppid, `${PYTHON} ${CHROMA}`, { name: 'python', ...extra });
}

export function supervisor(pid: number, ppid: number, extra: Partial<ProcessRow> = {}): ProcessRow {
  return row(pid, ppid, 'node /opt/claude-mem/dist/supervisor.js', { roleMark: 'supervisor', ...extra });
}

export function worker(pid: number, ppid: number, extra: Partial<ProcessRow> = {}): ProcessRow {
  return row(pid, ppid, 'node /opt/claude-mem/dist/worker.js', extra);
}

export function searchServer(pid: number, ppid: number, extra: Partial<ProcessRow> = {}): ProcessRow {
  return row(pid, ppid, 'node /opt/claude-mem/dist/search-server.js', extra);
}

/** The published plugin's worker. */
export function pluginWorker(pid: number, extra: Partial<ProcessRow> = {}): ProcessRow {
  return row(pid, 1, '/home/u/.bun/bin/bun /home/u/.claude/plugins/scripts/worker-service.cjs --daemon', {
    name: 'bun',
    ...extra,
  });
}

/** The marks that a claude-mem process is spawned with. */
export function marks(treeId: string, owner: ProcessRow, role: Role): Partial<ProcessRow> {
  return {
    treeMark: treeId,
    ownerMark: ownerMark(owner),
    roleMark: role,
    dataDirMark: DATA_DIR,
  };
}

export function ownerMark(owner: ProcessRow, place: { bootId?: string; pidNamespace?: string } = {}): string {
  return formatOwnerMark(
    { pid: owner.pid, startTicks: owner.startTicks ?? 0 },
    { bootId: BOOT, pidNamespace: NAMESPACE, ...place },
  );
}

export const HIDDEN_MARKS = { treeMark: null, ownerMark: null, roleMark: null, dataDirMark: null } as const;

export function identityOf({ pid, startTicks, startedAt }: ProcessRow): StoredIdentity {
  return { pid, startedAt, ...defined({ startTicks }) };
}

export function entry(role: Role, of: ProcessRow, extra: Partial<ManifestEntry> & { by?: ProcessRow } = {}) {
  const { by, ...rest } = extra;
  return {
    role,
    identity: identityOf(of),
    command: of.argv ?? [],
    registeredAt: of.startedAt,
    ...(by === undefined ? {} : { owner: identityOf(by) }),
    ...rest,
  } satisfies ManifestEntry;
}

export function manifest(treeId: string, entries: readonly ManifestEntry[], extra: Partial<Manifest> = {}): Manifest {
  return {
    schemaVersion: 1,
    treeId,
    state: 'running',
    machineId: MACHINE,
    bootId: BOOT,
    pidNamespace: NAMESPACE,
    dataDir: DATA_DIR,
    startedAt: entries[0]?.identity.startedAt ?? clockAt(0),
    entries,
    ...extra,
  };
}

export function snapshotOf(processes: readonly ProcessRow[], extra: Partial<ProcessSnapshot> = {}): ProcessSnapshot {
  return {
    takenAt: clockAt(NOW_TICKS),
    nowTicks: NOW_TICKS,
    source: 'procfs',
    platform: 'linux',
    machineId: MACHINE,
    bootId: BOOT,
    pidNamespace: NAMESPACE,
    complete: true,
    unreadable: 0,
    self: { pid: SELF_PID, uid: UID },
    startPrecisionMs: 0,
    processes,
    ...extra,
  };
}

/** A snapshot as the portable reader takes it. */
export function psListSnapshotOf(
  processes: readonly ProcessRow[],
  extra: Partial<ProcessSnapshot> = {},
): ProcessSnapshot {
  const { takenAt, self: me } = snapshotOf([]);
  return {
    takenAt,
    source: 'ps-list',
    platform: 'darwin',
    complete: true,
    unreadable: 0,
    self: me,
    startPrecisionMs: 2_000,
    processes: processes.map(asPsListShows),
    ...extra,
  };
}

export function indexOf(processes: readonly ProcessRow[], extra: Partial<ProcessSnapshot> = {}): ProcessIndex {
  return new ProcessIndex(snapshotOf(processes, extra));
}

export interface Scene {
  readonly manifests?: readonly Manifest[];
  readonly registries?: readonly OtherRegistry[];
  readonly answering?: readonly string[];
  readonly dataDir?: string;
  readonly namedPids?: ReadonlySet<number>;
  readonly snapshot?: Partial<ProcessSnapshot>;
}

/** Judges these rows together with the machine around them. */
export function judge(rows: readonly ProcessRow[], scene: Scene = {}): readonly Judgement[] {
  const given = new Set(rows.map(({ pid }) => pid));
  const around = machine.filter(({ pid }) => !given.has(pid));
  return judgeSnapshot(snapshotOf([...around, ...rows], scene.snapshot), scene);
}

export function judgeSnapshot(snapshot: ProcessSnapshot, scene: Scene = {}): readonly Judgement[] {
  const { manifests = [], registries = [], answering = [], dataDir = DATA_DIR, namedPids } = scene;
  const input = { snapshot, dataDir, manifests, otherRegistries: registries, answering };
  return classify(new JudgementContext({ ...input, ...(namedPids === undefined ? {} : { namedPids }) }));
}

/** pid → verdict, of those that got one. */
export function verdictsOf(judgements: readonly Judgement[]): Readonly<Record<number, Verdict>> {
  return Object.fromEntries(judgements.map(({ row: { pid }, verdict }) => [pid, verdict]));
}

export function verdicts(rows: readonly ProcessRow[], scene: Scene = {}): Readonly<Record<number, Verdict>> {
  return verdictsOf(judge(rows, scene));
}

/** The verdict of the last row: the one a test is about. */
export function verdictOfLast(rows: readonly ProcessRow[], scene: Scene = {}): Verdict | undefined {
  return verdicts(rows, scene)[rows.at(-1)?.pid ?? -1];
}

/** The kinds of evidence for the last row's verdict. */
export function evidenceOfLast(rows: readonly ProcessRow[], scene: Scene = {}): readonly string[] {
  const pid = rows.at(-1)?.pid;
  return (
    judge(rows, scene)
      .find((judgement) => judgement.row.pid === pid)
      ?.evidence.map(({ kind }) => kind) ?? []
  );
}

/** The object without these fields. */
export function without<T extends object, K extends keyof T>(value: T, ...keys: readonly K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key as K))) as Omit<T, K>;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
