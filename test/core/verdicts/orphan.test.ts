import { describe, expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  bornAt,
  DATA_DIR,
  entry,
  evidenceOfLast,
  HIDDEN_MARKS,
  manifest,
  marks,
  ownerMark,
  python,
  row,
  searchServer,
  secondsOld,
  shell,
  supervisor,
  systemdUser,
  uv,
  verdictOfLast,
  verdicts,
  without,
  worker,
  type Scene,
} from '../builders.ts';

const root = supervisor(300, 1, { treeMark: 't1' });
const ours = worker(310, 300, marks('t1', root, 'worker'));
const ofWorker = marks('t1', ours, 'chroma-sync');
const tree = manifest('t1', [entry('supervisor', root), entry('worker', ours, { by: root })]);
const subreaper = row(80, 1, '/usr/bin/reaper');

describe('recorded: its owner or its root is gone', () => {
  const wrapper = uv(320, 310, { sid: 310 });
  const recorded = manifest('t1', [...tree.entries, entry('chroma-sync', wrapper, { by: ours })]);

  test.each<[string, ProcessRow[]]>([
    ['root and owner gone', [uv(320, 1, { sid: 310 })]],
    ['owner gone, root alive', [root, uv(320, 300, { sid: 310 })]],
    ['root gone, owner alive', [{ ...ours, ppid: 1 }, wrapper]],
    ['owner a zombie', [root, { ...ours, state: 'Z' }, uv(320, 300, { sid: 310 })]],
    ['owner’s pid reused', [root, worker(310, 300, bornAt(3_150)), uv(320, 300, { sid: 310 })]],
    ['under systemd --user', [uv(320, systemdUser.pid, { sid: 310 })]],
    ['under another subreaper', [subreaper, uv(320, 80, { sid: 310 })]],
    ['under any live parent: the record is its own proof', [uv(320, shell.pid, { sid: 70 })]],
    ['young', [uv(320, 1, { sid: 310 })]],
    ['hidden environment', [uv(320, 1, { sid: 310, ...HIDDEN_MARKS })]],
    ['whatever program it has become', [row(320, 1, 'anything', { sid: 310 })]],
  ])('%s', (_which, rows) => {
    expect(verdictOfLast(rows, { manifests: [recorded] })).toBe('orphan');
    expect(evidenceOfLast(rows, { manifests: [recorded] })[0]).toBe('recorded');
  });

  test.each<[string, ProcessRow[], Scene]>([
    ['owner and root alive', [root, ours, wrapper], {}],
    ['a dead leader with living threads as owner', [root, { ...ours, state: 'Z', threads: 2 }, wrapper], {}],
    ['its own pid reused', [row(320, 1, 'bash', { ...bornAt(9_999) })], {}],
    ['an incomplete listing', [uv(320, 1, { sid: 310 })], { snapshot: { complete: false } }],
    ['recorded in another boot', [uv(320, 1, { sid: 310 })], { snapshot: { bootId: 'b', machineId: 'm' } }],
    ['recorded in another boot of this machine', [row(320, 1, 'bash')], { snapshot: { bootId: 'b' } }],
    ['recorded in another pid namespace', [uv(320, 1, { sid: 310 })], { snapshot: { pidNamespace: '4' } }],
    [
      'a manifest copied from another data dir',
      [uv(320, 1, { sid: 310, ...secondsOld(60) })],
      { manifests: [{ ...recorded, dataDir: '/copy' }] },
    ],
    [
      'a root that answers',
      [uv(320, 310, { sid: 310 })],
      {
        answering: ['t1'],
        manifests: [manifest('t1', [entry('supervisor', root), entry('chroma-sync', wrapper, { by: root })])],
      },
    ],
  ])('not with %s', (_which, rows, scene) => {
    expect(verdictOfLast(rows, { manifests: [recorded], ...scene })).not.toBe('orphan');
  });

  test('a recorded root is never an orphan', () => {
    expect(verdictOfLast([{ ...root, ppid: 1 }], { manifests: [tree] })).toBe('managed');
  });
});

describe('marked: its marked owner is gone, and its parent makes the mark trustworthy', () => {
  test.each<[string, ProcessRow[], Scene]>([
    ['under pid 1', [uv(320, 1, { sid: 310, ...ofWorker })], {}],
    ['under systemd --user', [uv(320, systemdUser.pid, { sid: 310, ...ofWorker })], {}],
    ['under a subreaper that leads another session', [subreaper, uv(320, 80, { sid: 310, ...ofWorker })], {}],
    ['under a supervisor of ours', [root, uv(320, 300, { sid: 310, ...ofWorker })], { manifests: [tree] }],
    ['a worker whose supervisor is gone', [worker(310, 1, marks('t1', root, 'worker'))], {}],
    ['a search server', [searchServer(340, 1, { sid: 310, ...marks('t1', ours, 'search') })], {}],
    [
      'the prewarm of a setup',
      [row(340, 1, 'uv tool uvx chroma-mcp --help', { sid: 310, ...marks('t1', ours, 'setup') })],
      {},
    ],
    [
      'its marks without a data dir, on ours',
      [uv(320, 1, { sid: 310, treeMark: 't1', ownerMark: ownerMark(ours) })],
      {},
    ],
    ['a second old', [uv(320, 1, { sid: 310, ...ofWorker, ...secondsOld(1) })], {}],
    ['a session of its own: a worker has one', [worker(312, 1, marks('t1', root, 'worker'))], {}],
    ['after a clock step', [uv(320, 1, { sid: 310, ...ofWorker, startedAt: '2099-01-01T00:00:00.000Z' })], {}],
  ])('%s', (_which, rows, scene) => {
    expect(verdictOfLast(rows, scene)).toBe('orphan');
    expect(evidenceOfLast(rows, scene)).toContain('marked');
  });

  test('a process of a dead tree under its live owner is an orphan', () => {
    const frozen = { ...ours, ppid: 1 };
    const under = uv(320, 310, { sid: 310, ...ofWorker });
    const manifests = [manifest('t1', [entry('supervisor', root)])];
    expect(verdicts([frozen, under], { manifests })).toEqual({ 310: 'orphan', 320: 'orphan' });
  });

  test.each<[string, ProcessRow[], Scene]>([
    ['its owner alive', [{ ...ours, ppid: 1 }, uv(320, 1, { sid: 310, ...ofWorker })], {}],
    ['an incomplete listing', [uv(320, 1, { sid: 310, ...ofWorker })], { snapshot: { complete: false } }],
    [
      'an owner of another boot',
      [uv(320, 1, { sid: 310, ...ofWorker, ownerMark: ownerMark(ours, { bootId: 'b' }) })],
      {},
    ],
    [
      'an owner of another namespace',
      [uv(320, 1, { sid: 310, ...ofWorker, ownerMark: ownerMark(ours, { pidNamespace: '4' }) })],
      {},
    ],
    ['an owner mark that says nothing', [uv(320, 1, { sid: 310, ...ofWorker, ownerMark: 'x' })], {}],
    ['no owner mark and no manifest of its tree', [uv(320, 1, { sid: 310, treeMark: 't1' })], {}],
    [
      'a dead leader with living threads as owner',
      [{ ...ours, ppid: 1, state: 'Z', threads: 4 }, uv(320, 1, { sid: 310, ...ofWorker })],
      {},
    ],
    [
      'a root as owner that answers on the socket',
      [worker(310, 1, marks('t1', root, 'worker'))],
      { manifests: [manifest('t1', [entry('supervisor', root)])], answering: ['t1'] },
    ],
    [
      'a dead tree only by a copied manifest',
      [uv(320, 1, { sid: 310, treeMark: 't1' })],
      { manifests: [{ ...tree, dataDir: '/copy' }] },
    ],
    ['a parent outside this namespace', [uv(320, 0, { sid: 310, ...ofWorker })], {}],
    ['a user that could not be read', [uv(320, 1, { sid: 310, ...ofWorker, uid: undefined as never })], {}],
  ])('not with %s', (_which, rows, scene) => {
    expect(verdictOfLast(rows, scene)).toBe('unverified');
  });
});

describe('marks under a live shell prove nothing', () => {
  const manifests = [tree];
  const inherited = { ...ofWorker };
  const tmux = row(400, 1, 'tmux new', { name: 'tmux: server', ...inherited });
  const pane = row(410, 400, '/bin/bash', { ...inherited });

  test.each<[string, ProcessRow[]]>([
    ['in a shell', [uv(420, shell.pid, { sid: 70, ...inherited })]],
    ['in a job of a shell', [uv(420, shell.pid, { sid: 70, pgid: 420, ...inherited })]],
    ['in a pipeline whose first has ended', [uv(420, shell.pid, { sid: 70, pgid: 419, ...inherited })]],
    ['with setsid', [uv(420, shell.pid, inherited)]],
    ['in a tmux pane', [tmux, pane, uv(420, 410, { sid: 410, ...inherited })]],
    ['as the command of a tmux pane', [tmux, uv(420, 400, inherited)]],
    ['tmux itself', [tmux]],
    ['an editor, left to pid 1', [row(420, 1, 'vim', { sid: 310, ...inherited })]],
    ['another worker.js, left to pid 1', [row(420, 1, 'node worker.js', { sid: 310, ...inherited })]],
    ['our script without its role', [row(420, 1, 'node search-server.js', { sid: 310, ...inherited })]],
  ])('%s', (_where, rows) => {
    expect(verdictOfLast(rows, { manifests })).toBe('unverified');
  });

  test('marks of the python below such a wrapper prove nothing', () => {
    const rows = [tmux, pane, uv(420, 410, { sid: 410, ...inherited }), python(430, 420, { sid: 410, ...inherited })];
    expect(verdictOfLast(rows, { manifests })).toBe('unverified');
  });

  test('a new tree started in that shell has its own marks', () => {
    const fresh = supervisor(420, 1, { treeMark: 't2', dataDirMark: DATA_DIR });
    expect(verdictOfLast([tmux, fresh], { manifests })).toBe('unverified');
  });
});

describe('wrapper lost: a claude-mem chroma python under an adopter', () => {
  const whole = [root, ours];
  test.each<[string, ProcessRow[], Scene]>([
    ['marked, under the supervisor, its worker alive', [...whole, python(330, 300, { sid: 310, ...ofWorker })], {}],
    ['marked, under pid 1, its worker alive', [...whole, python(330, 1, { sid: 310, ...ofWorker })], {}],
    [
      'recorded without an owner, hidden environment',
      [...whole, python(330, 300, { sid: 310, ...HIDDEN_MARKS })],
      { manifests: [manifest('t1', [...tree.entries, entry('chroma-sync', python(330, 300))])] },
    ],
    [
      'even in an incomplete listing',
      [...whole, python(330, 1, { sid: 310, ...ofWorker })],
      { snapshot: { complete: false } },
    ],
  ])('%s', (_which, rows, scene) => {
    expect(verdictOfLast(rows, { manifests: [tree], ...scene })).toBe('orphan');
    expect(evidenceOfLast(rows, { manifests: [tree], ...scene })).toContain('wrapper-lost');
  });

  test.each<[string, ProcessRow[]]>([
    [
      'under its wrapper',
      [...whole, uv(320, 310, { sid: 310, ...ofWorker }), python(330, 320, { sid: 310, ...ofWorker })],
    ],
    ['under its owner, started without a wrapper', [...whole, python(330, 310, { sid: 310, ...ofWorker })]],
    ['in a shell, with inherited marks', [...whole, python(330, 70, { sid: 70, ...ofWorker })]],
    ['a wrapper that lost nothing', [...whole, uv(330, 300, { sid: 310, ...ofWorker })]],
  ])('not %s', (_which, rows) => {
    expect(verdictOfLast(rows, { manifests: [tree] })).not.toBe('orphan');
  });

  test('not under the root that started it, even if its environment is hidden', () => {
    const one = searchServer(1, 0);
    const direct = python(330, 1, { sid: 1, pgid: 1, ...HIDDEN_MARKS });
    const manifests = [manifest('t1', [entry('search', one), entry('chroma-search', direct, { by: one })])];
    expect(verdictOfLast([one, direct], { manifests })).toBe('managed');
  });
});

describe('descendants of an orphaned wrapper share its verdict', () => {
  test('descendants of an orphaned wrapper share its verdict at any depth', () => {
    const rows = [
      uv(320, 1, { sid: 310, ...ofWorker }),
      python(330, 320, { sid: 310, ...HIDDEN_MARKS }),
      row(340, 330, 'git', { sid: 310 }),
    ];
    expect(verdicts(rows)).toEqual({ 320: 'orphan', 330: 'orphan', 340: 'orphan' });
  });

  test("except a live tree, a foreign process and another user's process", () => {
    const nested = supervisor(340, 330, { sid: 310 });
    const rows = [
      uv(320, 1, { sid: 310, ...ofWorker }),
      python(330, 320, { sid: 310, ...ofWorker }),
      nested,
      row(350, 340, 'sleep 1', { sid: 310 }),
      row(360, 330, 'sleep 1', { sid: 310, uid: 1001 }),
      row(370, 330, 'uvx chroma-mcp --data-dir /elsewhere/chroma', { sid: 310 }),
    ];
    const found = verdicts(rows, { manifests: [manifest('t2', [entry('supervisor', nested)])] });
    expect(found).toMatchObject({ 330: 'orphan', 340: 'managed', 360: 'foreign', 370: 'foreign' });
    expect(found[350]).not.toBe('orphan');
  });

  test('a child of an orphaned worker does not share its verdict', () => {
    const rows = [
      worker(310, 1, marks('t1', root, 'worker')),
      row(320, 310, 'bash', ofWorker),
      row(330, 320, 'vim', { sid: 320 }),
    ];
    expect(verdicts(rows)).toEqual({ 310: 'orphan', 320: 'unverified' });
  });
});

test('a child does not share the verdict of a wrapper that is not orphaned', () => {
  const rows = [root, ours, uv(320, 310, { sid: 310, ...ofWorker }), python(330, 320, { sid: 310 })];
  expect(verdictOfLast(rows, { manifests: [tree] })).toBe('managed');
});

test('the root of a live tree below an orphaned wrapper is no orphan, even if its tree does not answer', () => {
  const lost = worker(300, 1);
  const wrapper = uv(310, 1, { sid: 300, ...marks('t1', lost, 'chroma-sync') });
  const root = row(320, 310, 'node /opt/worker.js', { sid: 300 });
  const child = uv(330, 320, { sid: 300, ...marks('t9', root, 'chroma-sync') });
  const scene = { manifests: [manifest('t1', [entry('worker', lost)])] };
  expect(verdicts([wrapper, root], scene)).toMatchObject({ 310: 'orphan', 320: 'orphan' });
  for (const answering of [[], ['t9']]) {
    const found = verdicts([wrapper, root, child], { ...scene, answering });
    expect(found[310]).toBe('orphan');
    expect([found[320], found[330]]).not.toContain('orphan');
  }
});

test('the evidence of a marked orphan names its tree, its gone owner and its adopter', () => {
  const wrapper = uv(320, 1, { sid: 310, ...ofWorker });
  expect(evidenceOfLast([wrapper])).toEqual(['marked', 'owner-gone', 'adopted']);
  expect(evidenceOfLast([wrapper], { manifests: [tree] })).toEqual(['marked', 'owner-gone', 'tree-dead', 'adopted']);
  const rows = [{ ...ours, ppid: 1 }, uv(320, 310, { sid: 310, ...ofWorker })];
  const manifests = [manifest('t1', [entry('supervisor', root)])];
  expect(evidenceOfLast(rows, { manifests })).toEqual(['marked', 'tree-dead', 'parent']);
});

test('a child of an orphaned python is an orphan only if it is a chroma-mcp itself', () => {
  const orphaned = python(330, 1, { sid: 310, ...ofWorker });
  expect(verdicts([orphaned, row(340, 330, 'git fetch', { sid: 310 })])).toEqual({ 330: 'orphan' });
  expect(verdicts([orphaned, python(340, 330, { sid: 310 })])).toEqual({ 330: 'orphan', 340: 'orphan' });
});

test('a marked process whose owner is gone is no orphan under a live search server: only a supervisor adopts', () => {
  const search = searchServer(300, 60, { sid: 60 });
  const child = uv(320, 300, { sid: 60, ...marks('t1', worker(280, 1), 'chroma-search') });
  expect(verdictOfLast([search, child], { manifests: [manifest('t1', [entry('search', search)])] })).not.toBe('orphan');
});

test('a process of an unknown user is no orphan, even for root and even if named', () => {
  const hidden = uv(320, 1, { sid: 310, ...ofWorker, uid: undefined as never });
  const asRoot = { self: { pid: 9_000, uid: 0 } };
  expect(verdictOfLast([hidden], { snapshot: asRoot })).toBe('unverified');
  expect(verdictOfLast([hidden], { namedPids: new Set([320]) })).toBe('unverified');
});

test('marks without a data dir count only if a manifest of this data dir records their tree', () => {
  const marked = searchServer(340, 1, { sid: 310, ...without(marks('t1', ours, 'search'), 'dataDirMark') });
  expect(verdictOfLast([marked], { manifests: [tree] })).toBe('orphan');
  expect(verdictOfLast([marked], { manifests: [manifest('t2', tree.entries)] })).toBe('unverified');
});
