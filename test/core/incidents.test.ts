import { describe, expect, test } from 'vitest';
import type { OtherRegistry, ProcessRow } from '../../src/core/process/snapshot.ts';
import {
  asPsListShows,
  bornAt,
  clockAt,
  DATA_DIR,
  entry,
  judgeSnapshot,
  machine,
  manifest,
  marks,
  NAMESPACE,
  pluginWorker,
  psListSnapshotOf,
  python,
  row,
  secondsOld,
  self,
  shell,
  snapshotOf,
  supervisor,
  systemdUser,
  uv,
  verdictOfLast,
  verdicts,
  verdictsOf,
  worker,
  type Scene,
} from './builders.ts';

const leaks = (rows: readonly ProcessRow[], scene: Scene = {}) =>
  Object.values(verdicts(rows, scene)).filter((verdict) => verdict === 'orphan' || verdict === 'excess').length;

const plugin = pluginWorker(200);
const pluginRecords = (chroma?: { pid: number; startedAt: string }): OtherRegistry[] => [
  { file: 'worker.pid', content: JSON.stringify({ pid: 200, startedAt: clockAt(2_020), startToken: '2000' }) },
  {
    file: 'supervisor.json',
    content: JSON.stringify({ processes: chroma === undefined ? {} : { 'chroma-mcp': { ...chroma, type: 'chroma' } } }),
  },
];

describe('the parents of orphans', () => {
  test('343 of 346 orphans under systemd --user are found', () => {
    const pairs = Array.from({ length: 173 }, (_, nth) => [
      uv(1_000 + 2 * nth, nth === 0 ? 1 : systemdUser.pid, { sid: 300 }),
      python(1_001 + 2 * nth, 1_000 + 2 * nth, { sid: 300 }),
    ]);
    expect(leaks(pairs.flat())).toBe(346);
  });

  test('a wrapper and a python under systemd --user are both orphans', () => {
    const rows = [uv(310, systemdUser.pid, { sid: 300 }), python(320, systemdUser.pid, { sid: 300 })];
    expect(verdicts(rows)).toEqual({ 310: 'orphan', 320: 'orphan' });
  });

  test('a live recorded process with parent pid 1 is managed', () => {
    const recorded = uv(310, 1, { sid: 300 });
    const registries = pluginRecords({ pid: 310, startedAt: clockAt(3_200) });
    expect(verdictOfLast([plugin, recorded], { registries })).not.toBe('orphan');
  });

  test('of 23 children under a live worker of the plugin that records the youngest, 22 are excess', () => {
    const children = Array.from({ length: 23 }, (_, nth) => uv(310 + nth, 200, { sid: 200 }));
    const registries = pluginRecords({ pid: 332, startedAt: clockAt(3_400) });
    const judged = Object.values(verdicts([plugin, ...children], { registries }));
    expect(judged.filter((verdict) => verdict === 'excess')).toHaveLength(22);
    expect(leaks([plugin, ...children], { registries })).toBe(22);
  });

  test('of 23 children under a live worker of the plugin that records the oldest, none is a leak', () => {
    const children = Array.from({ length: 23 }, (_, nth) => uv(310 + nth, 200, { sid: 200 }));
    const registries = pluginRecords({ pid: 310, startedAt: clockAt(3_400) });
    expect(leaks([plugin, ...children], { registries })).toBe(0);
  });

  test('a reused Windows parent pid makes no parent link', () => {
    const reused = row(200, 1, 'bun worker-service.cjs --daemon', { name: 'bun', ...bornAt(9_000) });
    expect(verdicts([reused, uv(310, 200, { sid: 150 })])).toEqual({ 310: 'orphan' });
  });
});

describe('between fork and exec, when a process shows the command line and the marks of its parent', () => {
  const root = supervisor(300, 1);
  const of = worker(310, 300, { sid: 310, ...marks('t1', root, 'worker') });
  const wrapper = uv(320, 310, { sid: 310, ...marks('t1', of, 'chroma-sync') });
  const manifests = [
    manifest('t1', [
      entry('supervisor', root),
      entry('worker', of, { by: root }),
      entry('chroma-sync', wrapper, { by: of }),
    ]),
  ];
  const forked = (parent: ProcessRow, age = secondsOld(0)) => ({ ...parent, pid: 8_000, ppid: parent.pid, ...age });

  test.each([
    // A root has no mark of its tree.
    ['the supervisor', root, undefined],
    ['the worker', of, 'managed'],
    ['the wrapper', wrapper, 'managed'],
  ])('a process started by %s is no leak', (_, parent, verdict) => {
    expect(verdictOfLast([root, of, wrapper, forked(parent)], { manifests })).toBe(verdict);
    expect(leaks([root, of, wrapper, forked(parent)])).toBe(0);
  });

  test("a process started by a person's own chroma is no leak, even on a slow machine", () => {
    const own = uv(320, shell.pid, { sid: 70 });
    expect(leaks([own, forked(own, secondsOld(600))])).toBe(0);
  });
});

describe('how cleanups went wrong', () => {
  test('killed the current worker’s child', () => {
    expect(leaks([plugin, uv(310, 200, { sid: 200 }), python(311, 310, { sid: 200 })])).toBe(0);
  });

  test('killed a healthy chroma by its age', () => {
    const root = supervisor(300, 1);
    const of = worker(310, 300, marks('t1', root, 'worker'));
    const rows = [root, of, uv(320, 310, { sid: 310, ...marks('t1', of, 'chroma-sync') })];
    const manifests = [manifest('t1', [entry('supervisor', root), entry('worker', of, { by: root })])];
    expect(leaks(rows, { manifests, snapshot: { nowTicks: 900_000_000 } })).toBe(0);
  });

  test('killed another account’s worker', () => {
    expect(leaks([uv(310, 1, { sid: 300, uid: 1001 }), worker(320, 1, { uid: 1001 })])).toBe(0);
  });

  test('killed chroma-backup for chroma', () => {
    expect(leaks([row(310, 1, `uv tool uvx chroma-mcp --data-dir ${DATA_DIR}/chroma-backup`, { sid: 300 })])).toBe(0);
  });

  test('a failed reading read as "no processes": nothing is gone by it', () => {
    const root = supervisor(300, 1);
    const of = worker(310, 300, marks('t1', root, 'worker'));
    const manifests = [manifest('t1', [entry('supervisor', root), entry('worker', of, { by: root })])];
    expect(leaks([{ ...of, ppid: 1 }], { manifests, snapshot: { complete: false } })).toBe(0);
  });

  test.each([
    `vim ${DATA_DIR}/chroma`,
    `grep -r chroma-mcp ${DATA_DIR}`,
    `tail -f ${DATA_DIR}/logs/chroma-mcp.log`,
    `rsync -a --data-dir ${DATA_DIR}/chroma chroma-mcp backup:`,
    `pgrep -f chroma-mcp --data-dir ${DATA_DIR}/chroma`,
    `bash -c while true; do pkill -f chroma-mcp; done`,
    `python3 watch.py chroma-mcp --data-dir ${DATA_DIR}/chroma`,
  ])('killed what mentions the words: %s', (command) => {
    expect(verdicts([row(310, 1, command, { sid: 300 })])).toEqual({});
    expect(verdictsOf(judgeSnapshot(psListSnapshotOf([...machine, row(310, 1, command, { pgid: 300 })])))).toEqual({});
  });

  test('killed itself: the command is never judged', () => {
    const own = { ...uv(self.pid, 1, { sid: 300 }), ...marks('t1', worker(300, 1), 'chroma-sync') };
    expect(verdicts([own])).toEqual({});
  });
});

describe('pid reuse', () => {
  const root = supervisor(300, 1);
  const of = worker(310, 300, marks('t1', root, 'worker'));
  const manifests = [manifest('t1', [entry('supervisor', root), entry('worker', of, { by: root })])];

  test('a recorded pid reused by a driver utility is spared', () => {
    expect(verdicts([row(310, 1, 'driver-utility', bornAt(9_000))], { manifests })).toEqual({});
  });

  test("a recorded pid reused by a person's own chroma is spared", () => {
    expect(verdictOfLast([uv(310, shell.pid, { sid: 70, ...bornAt(9_000) })], { manifests })).toBe('unverified');
  });

  test("a tree is dead if its root's pid is reused", () => {
    const rows = [row(300, 1, 'driver-utility', bornAt(9_000)), { ...of, ppid: 1 }];
    expect(verdicts(rows, { manifests })).toEqual({ 310: 'orphan' });
  });
});

describe('containers and mounts', () => {
  const root = supervisor(7, 1);
  const of = worker(20, 7, marks('t1', root, 'worker'));
  const tree = manifest('t1', [entry('supervisor', root), entry('worker', of, { by: root })]);

  test('a container that is created again on the same volume: its records are of another namespace, and prove no process gone', () => {
    const fresh = row(20, 1, 'node worker.js');
    const recorded = [{ ...tree, pidNamespace: '4026532000' }];
    expect(verdicts([fresh, uv(30, 20, { sid: 20 })], { manifests: recorded })).toEqual({ 30: 'unverified' });
  });

  test('a home that a container has mounted: a tree that lives outside is not dead inside', () => {
    const scene = { manifests: [tree], snapshot: { pidNamespace: '4026532000', machineId: 'another' } };
    const within = uv(30, 1, { sid: 25, ...marks('t1', of, 'chroma-sync') });
    expect(verdictOfLast([within], scene)).toBe('unverified');
  });

  test('a container’s processes as the host sees them are foreign', () => {
    const inside = uv(5_000, 4_000, { sid: 4_000, pidNamespace: '4026532000' });
    expect(verdictOfLast([row(4_000, 1, 'tini'), inside], { manifests: [tree] })).toBe('foreign');
    expect(verdictOfLast([{ ...inside, pidNamespace: `pid:[${NAMESPACE}]` }])).not.toBe('foreign');
  });

  test('a copied data dir: what the original’s manifest records is not ours to end', () => {
    const copy = { manifests: [tree], dataDir: '/backup/.claude-mem' };
    expect(leaks([{ ...of, ppid: 1 }, uv(30, 1, { sid: 20 })], copy)).toBe(0);
  });
});

describe('clock steps', () => {
  const root = supervisor(300, 1);
  const of = worker(310, 300, marks('t1', root, 'worker'));
  const manifests = [manifest('t1', [entry('supervisor', root), entry('worker', of, { by: root })])];
  const stepped = [root, of].map((process, nth) => ({ ...process, startedAt: clockAt(8_640_000 + nth) }));

  test('leave a live tree managed', () => {
    expect(verdicts(stepped, { manifests })).toEqual({ 300: 'managed', 310: 'managed' });
  });

  test('kill nothing where the reader has no ticks', () => {
    const shown = judgeSnapshot(psListSnapshotOf([...machine, ...stepped]), { manifests });
    expect(shown.map(({ verdict }) => verdict)).not.toContain('orphan');
  });
});

describe('what a person started', () => {
  const inherited = marks('t1', worker(300, 1), 'chroma-sync');
  const dead = [manifest('t1', [entry('supervisor', supervisor(290, 1))])];
  test.each<[string, ProcessRow[]]>([
    [
      'in tmux, inside a dead tree',
      [
        row(400, 1, 'tmux', inherited),
        row(401, 400, 'bash', inherited),
        uv(402, 401, { sid: 401, pgid: 402, ...inherited }),
      ],
    ],
    ['in a pipeline', [row(401, 70, 'cat', { sid: 70, pgid: 401 }), uv(402, 70, { sid: 70, pgid: 401 })]],
    ['with ps-list’s eyes', [uv(402, 70, { sid: 70, pgid: 401 })].map(asPsListShows)],
  ])('%s is no proven orphan', (_how, rows) => {
    expect(verdictOfLast(rows, { manifests: dead })).toBe('unverified');
  });
});

test('an empty process table gives no judgements', () => {
  expect(judgeSnapshot(snapshotOf([]))).toEqual([]);
});
