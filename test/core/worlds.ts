import fc from 'fast-check';
import type { Manifest, ManifestEntry, Role } from '../../src/core/tree/manifest.ts';
import type { OtherRegistry, ProcessRow, ProcessSnapshot } from '../../src/core/process/snapshot.ts';
import type { Judgement } from '../../src/core/verdicts/verdict.ts';
import {
  bornAt,
  clockAt,
  CHROMA,
  DATA_DIR,
  entry,
  init,
  judgeSnapshot,
  manifest,
  marks,
  ownerMark,
  PYTHON,
  row,
  self,
  shell,
  snapshotOf,
  supervisor,
  systemdUser,
  terminal,
  UID,
  uv,
  UVX,
  worker,
} from './builders.ts';

/** All a judgement rests on, made up. */
export interface World {
  readonly snapshot: ProcessSnapshot;
  readonly manifests: readonly Manifest[];
  readonly registries: readonly OtherRegistry[];
  readonly answering: readonly string[];
}

type ValueOf<A> = A extends fc.Arbitrary<infer T> ? T : never;

/** Few pids, so that what is recorded, marked and listed meets. */
const PIDS = [100, 101, 102, 103, 104, 105, 106, 107, 108, 109] as const;
const TREES = ['t1', 't2', 't3'] as const;
const FIRST_TICK = 1_000;

/** A tree that is alive in every second world. It includes a replaced worker, and generated processes may be its descendants. */
const supervisor0 = supervisor(80, 1, { treeMark: 't0' });
const worker0 = worker(81, 80, marks('t0', supervisor0, 'worker'));
const pastWorker0 = worker(82, 80, marks('t0', supervisor0, 'worker'));
const wrapper0 = uv(110, 81, { sid: 81, ...marks('t0', worker0, 'chroma-sync') });
const liveTree = {
  rows: [supervisor0, worker0, pastWorker0, wrapper0],
  manifest: manifest('t0', [
    entry('supervisor', supervisor0),
    entry('worker', pastWorker0, { by: supervisor0, endedAt: clockAt(9_000_000) }),
    entry('worker', worker0, { by: supervisor0 }),
    entry('chroma-sync', wrapper0, { by: worker0 }),
  ]),
};

const COMMANDS: readonly (readonly [name: string, command: string, role: Role | undefined])[] = [
  ['uv', `${UVX} ${CHROMA}`, 'chroma-sync'],
  ['uv', `${UVX} ${CHROMA}`, 'chroma-sync'],
  ['python', `${PYTHON} ${CHROMA}`, 'chroma-sync'],
  ['python', `${PYTHON} ${CHROMA}`, 'chroma-sync'],
  ['uv', `${UVX} --data-dir ${DATA_DIR}/chroma-backup`, undefined],
  ['uv', 'uv tool uvx chroma-mcp --help', 'setup'],
  ['node', 'node /opt/supervisor.js', 'supervisor'],
  ['node', 'node /opt/worker.js', 'worker'],
  ['node', 'node /opt/search-server.js', 'search'],
  ['bun', 'bun /x/worker-service.cjs --daemon', undefined],
  ['bash', 'bash', undefined],
  ['systemd', 'systemd --user', undefined],
  ['', '', undefined],
];

const pid = fc.constantFrom(...PIDS);
/** Mostly the first. */
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(usual, ...others) });

interface Draft {
  readonly full: ProcessRow;
  readonly marked: 'none' | 'hidden' | 'own' | 'false';
  readonly treeId: string;
  /** Undefined: its parent. */
  readonly ownerPid: number | undefined;
  readonly dataDir: string;
}

const draft = (own: number): fc.Arbitrary<Draft> =>
  fc
    .record({
      program: fc.constantFrom(...COMMANDS),
      ppid: fc.oneof(
        pid,
        fc.constantFrom(...PIDS.slice(0, 3)),
        fc.constantFrom(1, 1, 80, 81, 82, systemdUser.pid, shell.pid, 0, 999),
      ),
      sid: fc.oneof(pid, fc.constantFrom(own, shell.pid, 81, 999)),
      leadsGroup: mostly(false, true),
      uid: mostly<number | undefined>(UID, 1001, 0, undefined),
      ticks: mostly(own * 10, FIRST_TICK, 9_999_500, 9_000_000),
      hasTicks: mostly(true, false),
      state: mostly('S', 'Z'),
      threads: fc.constantFrom(1, 2),
      pidNamespace: mostly<string | undefined>(undefined, '4', '4026531836'),
      marked: fc.constantFrom('none', 'hidden', 'own', 'own', 'own', 'false'),
      treeId: fc.constantFrom('t0', 't0', 't1', ...TREES),
      ownerPid: fc.option(pid, { nil: undefined, freq: 1 }),
      dataDir: mostly(DATA_DIR, '/elsewhere/.claude-mem'),
    })
    .map(({ program: [name, command, role], marked, treeId, ownerPid, dataDir, ...place }) => ({
      full: {
        ...row(own, place.ppid, command, { name, sid: place.sid, pgid: place.leadsGroup ? own : place.sid }),
        ...bornAt(place.ticks),
        state: place.state,
        threads: place.threads,
        ...(place.pidNamespace === undefined ? {} : { pidNamespace: place.pidNamespace }),
        ...(place.uid === undefined ? { uid: undefined as never } : { uid: place.uid }),
        ...(place.hasTicks ? {} : { startTicks: undefined as never }),
        ...(role === undefined ? {} : { roleMark: role }),
      },
      marked,
      treeId,
      ownerPid,
      dataDir,
    }));

function withMarks(
  { full, marked, treeId, ownerPid, dataDir }: Draft,
  rows: ReadonlyMap<number, ProcessRow>,
): ProcessRow {
  const { roleMark, ...bare } = full;
  if (marked === 'none') return bare;
  if (marked === 'hidden') return { ...bare, treeMark: null, ownerMark: null, roleMark: null, dataDirMark: null };
  const ownedBy = ownerPid ?? full.ppid;
  const owner = rows.get(ownedBy);
  const isTrue = marked === 'own' && owner !== undefined;
  return {
    ...bare,
    treeMark: treeId,
    // A process that is not there any more, or one that has its pid now.
    ownerMark: isTrue ? ownerMark(owner) : ownerMark(row(ownedBy, 1, 'x', bornAt(7))),
    dataDirMark: dataDir,
    ...(roleMark === undefined ? {} : { roleMark }),
  };
}

const processes: fc.Arbitrary<ProcessRow[]> = fc
  .tuple(...PIDS.map((own) => fc.option(draft(own), { freq: 3, nil: undefined })))
  .map((drafts) => {
    const present = drafts.filter((each) => each !== undefined);
    const rows = new Map([...liveTree.rows, ...present.map(({ full }) => full)].map((full) => [full.pid, full]));
    return present.map((each) => withMarks(each, rows));
  });

const entryDraft = fc.record({
  role: fc.constantFrom<Role>('worker', 'search', 'chroma-sync', 'chroma-sync', 'setup'),
  pid,
  /** A pid, its parent, or no process. */
  by: fc.oneof(pid, fc.constantFrom('parent' as const, 'parent' as const, undefined)),
  isTrue: mostly(true, false),
  isEnded: mostly(false, true),
});

const tree = (treeId: string) =>
  fc
    .option(
      fc.record({
        root: pid,
        isRootTrue: fc.boolean(),
        entries: fc.array(entryDraft, { maxLength: 5 }),
        dataDir: mostly(DATA_DIR, '/copy/.claude-mem'),
        bootId: mostly('boot-1', 'boot-0'),
        pidNamespace: mostly('4026531836', '4'),
      }),
      { freq: 4 },
    )
    .map((made) => ({ treeId, made }));

type TreeDraft = ValueOf<ReturnType<typeof tree>>;

function toManifest({ treeId, made }: TreeDraft, rows: ReadonlyMap<number, ProcessRow>): readonly Manifest[] {
  if (made === null) return [];
  const process = (of: number, isTrue: boolean) => (isTrue ? rows.get(of) : undefined) ?? row(of, 1, 'x', bornAt(8));
  const entries: ManifestEntry[] = [
    entry('supervisor', process(made.root, made.isRootTrue)),
    ...made.entries.map(({ role, pid: of, by, isTrue, isEnded }) =>
      entry(role, process(of, isTrue), {
        ...(by === undefined ? {} : { by: process(by === 'parent' ? (rows.get(of)?.ppid ?? 1) : by, true) }),
        ...(isEnded ? { endedAt: clockAt(9_000_000) } : {}),
      }),
    ),
  ];
  const { dataDir, bootId, pidNamespace } = made;
  return [manifest(treeId, entries, { dataDir, bootId, pidNamespace })];
}

const registry = fc.option(
  fc.record({
    worker: fc.oneof(pid, fc.constant(999)),
    chroma: pid,
    at: fc.constantFrom(FIRST_TICK, 2_000, 9_999_999),
  }),
  {
    freq: 2,
  },
);

function toRegistries(made: ValueOf<typeof registry>): readonly OtherRegistry[] {
  if (made === null) return [];
  const startedAt = clockAt(made.at);
  return [
    { file: 'worker.pid', content: JSON.stringify({ pid: made.worker, startedAt }) },
    {
      file: 'supervisor.json',
      content: JSON.stringify({ processes: { c: { pid: made.chroma, type: 'chroma', startedAt } } }),
    },
  ];
}

/** Process tables with marks, and with manifests and registries that record them truly and falsely. */
export const worlds: fc.Arbitrary<World> = fc
  .record({
    processes,
    trees: fc.tuple(...TREES.map(tree)),
    registry,
    answering: fc.subarray([...TREES], { maxLength: 1 }),
    complete: mostly(true, false),
    hasLiveTree: fc.boolean(),
  })
  .map((made) => {
    const rows = new Map(made.processes.map((each) => [each.pid, each]));
    const around = [init, systemdUser, terminal, shell, self, ...(made.hasLiveTree ? liveTree.rows : [])];
    return {
      snapshot: snapshotOf([...around, ...made.processes], { complete: made.complete }),
      manifests: [
        ...(made.hasLiveTree ? [liveTree.manifest] : []),
        ...made.trees.flatMap((each) => toManifest(each, rows)),
      ],
      registries: toRegistries(made.registry),
      answering: made.answering,
    };
  });

export function judgeWorld(world: World, change: Partial<ProcessSnapshot> = {}): readonly Judgement[] {
  return judgeSnapshot({ ...world.snapshot, ...change }, world);
}

export const isLeak = ({ verdict }: Judgement): boolean => verdict === 'orphan' || verdict === 'excess';
