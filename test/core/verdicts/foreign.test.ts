import { describe, expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  bornAt,
  clockAt,
  DATA_DIR,
  entry,
  manifest,
  marks,
  pluginWorker,
  python,
  row,
  searchServer,
  secondsOld,
  supervisor,
  uv,
  verdictOfLast,
  verdicts,
  worker,
  type Scene,
} from '../builders.ts';

const dead = worker(300, 1);
const deadTree = manifest('t1', [entry('worker', dead)]);
const evidence: Partial<ProcessRow> = { sid: 300, ...marks('t1', dead, 'chroma-sync') };

describe('foreign, despite every proof of a leak, is', () => {
  test.each<[string, ProcessRow, Scene]>([
    ['another user’s', uv(310, 1, { ...evidence, uid: 1001 }), {}],
    ['root’s', uv(310, 1, { ...evidence, uid: 0 }), {}],
    ['another pid namespace’s', uv(310, 1, { ...evidence, pidNamespace: '4' }), {}],
    [
      'one of a namespace, where ours is not known',
      uv(310, 1, { ...evidence, pidNamespace: '4' }),
      { snapshot: { pidNamespace: undefined as never } },
    ],
    [
      'another data dir’s by its command line',
      row(310, 1, 'uv tool uvx chroma-mcp --data-dir /elsewhere/claude-desktop-chroma', evidence),
      {},
    ],
    [
      'one on a directory whose name only begins like ours',
      row(310, 1, `uv tool uvx chroma-mcp --data-dir ${DATA_DIR}/chroma-backup`, evidence),
      {},
    ],
    [
      'another data dir’s by its environment',
      worker(310, 1, { ...marks('t1', dead, 'worker'), dataDirMark: '/elsewhere/.claude-mem' }),
      {},
    ],
    [
      'another data dir’s prewarm by its environment',
      row(310, 1, 'uv tool uvx chroma-mcp --help', {
        sid: 300,
        ...marks('t1', dead, 'setup'),
        dataDirMark: '/elsewhere/.claude-mem',
      }),
      {},
    ],
    [
      'one recorded in our manifest, on another data dir',
      row(310, 1, 'uv tool uvx chroma-mcp --data-dir /elsewhere/chroma', evidence),
      {
        manifests: [
          deadTree,
          manifest('t2', [entry('worker', dead), entry('chroma-sync', row(310, 1, 'x'), { by: dead })]),
        ],
      },
    ],
  ])('%s', (_whose, subject, scene) => {
    expect(verdictOfLast([subject], { manifests: [deadTree], ...scene })).toBe('foreign');
  });

  test('the same row without the foreign property is an orphan', () => {
    expect(verdictOfLast([uv(310, 1, evidence)], { manifests: [deadTree] })).toBe('orphan');
  });
});

describe('the directory on the command line decides before the data dir in the environment', () => {
  const elsewhere = { sid: 300, dataDirMark: '/srv/mem' };
  const helper = row(330, 320, 'git status', { sid: 300, dataDirMark: '/srv/mem' });
  const pair = [uv(310, 1, elsewhere), python(320, 310, elsewhere), helper];

  test('a leak on this data dir and its helpers are orphans, even if their environment names another data dir', () => {
    expect(verdicts(pair)).toEqual({ 310: 'orphan', 320: 'orphan', 330: 'orphan' });
  });

  test('a leak on this data dir is foreign for the data dir in its environment', () => {
    expect(verdicts(pair, { dataDir: '/srv/mem' })).toEqual({ 310: 'foreign', 320: 'foreign' });
  });

  test('a chroma-mcp on this data dir is unverified under a live parent or while it is young', () => {
    expect(verdictOfLast([uv(310, 70, { ...elsewhere, sid: 70 })])).toBe('unverified');
    expect(verdictOfLast([uv(310, 1, { ...elsewhere, ...secondsOld(100) })])).toBe('unverified');
  });

  const marked = { ...elsewhere, ...marks('t9', dead, 'chroma-sync'), dataDirMark: '/srv/mem' };

  test('a gone owner in the mark of the other data dir’s tree makes it an orphan', () => {
    const rows = [uv(310, 1, marked), python(320, 310, marked)];
    expect(verdicts(rows)).toEqual({ 310: 'orphan', 320: 'orphan' });
    expect(verdicts(rows, { dataDir: '/srv/mem' })).toEqual({ 310: 'foreign', 320: 'foreign' });
  });

  test('a live owner in the mark of the other data dir’s tree leaves it unverified', () => {
    expect(verdicts([dead, uv(310, 300, marked)])).toEqual({ 310: 'unverified' });
    expect(verdicts([dead, uv(310, 1, marked)])).toEqual({ 310: 'unverified' });
  });

  test('a dead tree of this data dir does not apply to an equal tree mark of another data dir', () => {
    const other = { ...marked, ownerMark: undefined as never };
    expect(
      verdictOfLast([uv(310, 70, { ...other, sid: 70 })], { manifests: [manifest('t9', [entry('worker', dead)])] }),
    ).toBe('unverified');
  });

  test('a child that names a third data dir is foreign', () => {
    expect(verdictOfLast([...pair.slice(0, 2), { ...helper, dataDirMark: '/third' }])).toBe('foreign');
  });
});

describe('foreign comes before a recorded live root', () => {
  const root = searchServer(300, 70, { sid: 70 });
  const manifests = [manifest('t1', [entry('search', root)])];

  test.each<[string, ProcessRow, Scene]>([
    ['of another user', { ...root, uid: 1001 }, {}],
    ['of another pid namespace', { ...root, pidNamespace: '4' }, {}],
    [
      'that another live installation records',
      root,
      {
        registries: [
          { file: 'worker.pid', content: JSON.stringify({ pid: 300, startedAt: clockAt(3_010), startToken: '3000' }) },
        ],
      },
    ],
  ])('%s', (_which, subject, scene) => {
    expect(verdictOfLast([root], { manifests })).toBe('managed');
    expect(verdictOfLast([subject], { manifests, ...scene })).toBe('foreign');
  });
});

test("root can name another user's process by pid, and judges no other one of that user", () => {
  const rows = [uv(310, 1, { ...evidence, uid: 1001 }), uv(320, 1, { ...evidence, uid: 1001 })];
  const scene = { manifests: [deadTree], namedPids: new Set([310]) };
  expect(verdicts(rows, { ...scene, snapshot: { self: { pid: 9_000, uid: 0 } } })).toMatchObject({
    310: 'orphan',
    320: 'foreign',
  });
  expect(verdicts(rows, scene)).toMatchObject({ 310: 'foreign', 320: 'foreign' });
});

describe('a live installation of another kind', () => {
  const plugin = pluginWorker(200);
  const registries = [
    { file: 'worker.pid', content: JSON.stringify({ pid: 200, startedAt: clockAt(2_020), startToken: '2000' }) },
    {
      file: 'supervisor.json',
      content: JSON.stringify({ processes: { 'chroma-mcp': { pid: 210, type: 'chroma', startedAt: clockAt(3_000) } } }),
    },
  ];

  test('its worker, its recorded processes and their children are foreign', () => {
    const rows = [plugin, uv(210, 200, { sid: 200 }), python(220, 210, { sid: 200 })];
    expect(verdicts(rows, { registries })).toEqual({ 200: 'foreign', 210: 'foreign', 220: 'foreign' });
  });

  test('an unrecorded child of its worker is not foreign', () => {
    const rows = [plugin, uv(230, 200, { sid: 200 })];
    expect(verdicts(rows, { registries })).toEqual({ 200: 'foreign', 230: 'unverified' });
  });

  test('a reused pid in its registry is not foreign', () => {
    const reused = uv(210, 1, { sid: 150, ...bornAt(9_000) });
    expect(verdicts([plugin, reused], { registries })).toEqual({ 200: 'foreign', 210: 'orphan' });
  });
});

describe('another client’s chroma', () => {
  test.each([
    ['elsewhere, under its client', row(310, 70, 'uv tool uvx chroma-mcp --data-dir /elsewhere/chroma', { sid: 70 })],
    ['elsewhere, left to pid 1', row(310, 1, 'uv tool uvx chroma-mcp --data-dir=/elsewhere/chroma', { sid: 300 })],
    ['without a data dir', row(310, 1, 'uv tool uvx chroma-mcp --client-type http', { sid: 300 })],
    ['relative to a directory nobody knows', row(310, 1, 'uv tool uvx chroma-mcp --data-dir ./chroma', { sid: 300 })],
  ])('%s', (_which, subject) => {
    expect(verdictOfLast([subject])).toBe('foreign');
  });
});

test('a recorded live root is managed even with the inherited data dir of another installation', () => {
  const root = searchServer(300, 70, { sid: 70, dataDirMark: '/elsewhere/.claude-mem' });
  expect(verdictOfLast([root], { manifests: [manifest('t1', [entry('search', root)])] })).toBe('managed');
  expect(verdictOfLast([supervisor(300, 70, { treeMark: 'x', dataDirMark: '/elsewhere' })])).toBe('foreign');
});

test('a marked chroma-mcp that a live installation of another kind records is unverified: its marks are inherited', () => {
  const left = python(510, 1, { ...marks('t1', dead, 'chroma-sync'), sid: 500 });
  const startedAt = clockAt((left.startTicks ?? 0) + 100);
  const registry = (pid: number) => ({
    file: 'supervisor.json',
    content: JSON.stringify({
      processes: { worker: { pid: 500, type: 'worker', startedAt }, 'chroma-mcp': { pid, startedAt } },
    }),
  });
  const rows = [pluginWorker(500), left];
  expect(verdictOfLast(rows, { registries: [registry(511)] })).toBe('orphan');
  expect(verdictOfLast(rows, { registries: [registry(510)] })).toBe('unverified');
});

test('descendants of a recorded process of another installation are foreign at any depth', () => {
  const registries = [
    { file: 'worker.pid', content: JSON.stringify({ pid: 200, startedAt: clockAt(2_020), startToken: '2000' }) },
    {
      file: 'supervisor.json',
      content: JSON.stringify({ processes: { c: { pid: 210, type: 'chroma', startedAt: clockAt(3_000) } } }),
    },
  ];
  const rows = [
    ...[pluginWorker(200), uv(210, 200, { sid: 200 }), python(220, 210, { sid: 200 })],
    ...[python(230, 220, { sid: 200 }), row(240, 230, 'git', { sid: 200 })],
  ];
  expect(verdicts(rows, { registries })).toMatchObject({ 220: 'foreign', 230: 'foreign', 240: 'foreign' });
});

test('a recorded chroma-mcp without a data dir on its command line is not foreign', () => {
  const root = supervisor(290, 1);
  const remote = row(310, 290, 'uv tool uvx chroma-mcp --client-type http', { name: 'uv', sid: 290 });
  const manifests = [manifest('t1', [entry('supervisor', root), entry('chroma-sync', remote, { by: root })])];
  expect(verdictOfLast([root, remote], { manifests })).toBe('managed');
  expect(verdictOfLast([root, remote], { manifests: [manifest('t1', [entry('supervisor', root)])] })).toBe('foreign');
});

test("without named pids, another user's process is foreign for root too", () => {
  const self = { pid: 9_000, uid: 0 };
  expect(verdictOfLast([uv(310, 1, { ...evidence, uid: 1001 })], { snapshot: { self } })).toBe('foreign');
});
