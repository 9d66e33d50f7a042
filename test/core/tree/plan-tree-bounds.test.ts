import { describe, expect, test } from 'vitest';
import { JudgementContext } from '../../../src/core/verdicts/judgement-context.ts';
import type { Manifest } from '../../../src/core/tree/manifest.ts';
import { planTree } from '../../../src/core/tree/plan-tree.ts';
import type { ProcessRow, ProcessSnapshot } from '../../../src/core/process/snapshot.ts';
import {
  DATA_DIR,
  entry,
  HIDDEN_MARKS,
  machine,
  manifest,
  marks,
  python,
  row,
  searchServer,
  self,
  SELF_PID,
  shell,
  snapshotOf,
  supervisor,
  uv,
  worker,
} from '../builders.ts';

const root = supervisor(300, 1, { treeMark: 't1', dataDirMark: DATA_DIR });
const ours = worker(310, 300, marks('t1', root, 'worker'));
const tree = manifest('t1', [entry('supervisor', root), entry('worker', ours, { by: root })]);

/** The processes that a shutdown of the tree would end, and those that it would leave alive. */
function shutdown(rows: readonly ProcessRow[], manifests: readonly Manifest[], extra: Partial<ProcessSnapshot> = {}) {
  const given = new Set(rows.map(({ pid }) => pid));
  const snapshot = snapshotOf([...machine.filter(({ pid }) => !given.has(pid)), ...rows], extra);
  const context = new JudgementContext({ snapshot, dataDir: DATA_DIR, manifests, otherRegistries: [], answering: [] });
  const { plan, left } = planTree(context, 't1');
  return { planned: plan.map((process) => process.row.pid), left: left.map(({ pid }) => pid) };
}

const planned = (...given: Parameters<typeof shutdown>) => shutdown(...given).planned;

const inTree = { sid: 310, ...marks('t1', ours, 'chroma-sync') };
const wrapper = uv(320, 310, inTree);

describe('a shutdown ends', () => {
  test('recorded processes and children of marked wrappers, but no other child of a worker', () => {
    const rows = [
      ...[root, ours, wrapper, python(330, 320, { sid: 310 })],
      ...[row(340, 330, 'git', { sid: 310 }), row(350, 310, 'git', { sid: 310 })],
    ];
    expect(shutdown(rows, [tree])).toEqual({ planned: [300, 310, 320, 330, 340], left: [] });
  });

  test.each<[string, ProcessRow]>([
    ['that pid 1 has adopted', uv(320, 1, inTree)],
    ['whose parent is gone', uv(320, 299, inTree)],
    ['that this command has started', worker(9_010, SELF_PID, marks('t1', root, 'worker'))],
  ])('a marked program %s, without a manifest', (_which, program) => {
    expect(planned([program], [])).toEqual([program.pid]);
  });

  test('a supervisor that its marks prove to be the root, under its shell, without a manifest', () => {
    const foreground = { ...root, ppid: 305, sid: 305 };
    expect(planned([row(305, 60, 'bash'), foreground], [])).toEqual([300]);
  });

  test.each<[string, ProcessRow]>([
    ['this command', self],
    ['the shell above this command', shell],
  ])('a recorded process owned by %s', (_which, owner) => {
    const child = searchServer(9_010, owner.pid, { sid: 70 });
    const recorded = manifest('t1', [entry('supervisor', root), entry('search', child, { by: owner })]);
    expect(planned([child], [recorded])).toEqual([9_010]);
  });
});

describe('a shutdown spares', () => {
  test.each<[string, ProcessRow[], number[]]>([
    ['a marked program that somebody started in a shell', [shell, uv(320, 70, { ...inTree, sid: 70 })], [320]],
    [
      'a marked editor that pid 1 has adopted',
      [row(320, 1, 'vim', { ...inTree, ...marks('t1', ours, 'worker') })],
      [320],
    ],
    ['a program marked by another tree', [uv(320, 1, { ...inTree, treeMark: 't9' })], []],
    [
      'a script marked on another data dir',
      [searchServer(320, 1, { sid: 310, ...marks('t1', ours, 'search'), dataDirMark: '/elsewhere' })],
      [],
    ],
    ['a helper marked on another data dir', [row(320, 1, 'git', { ...inTree, dataDirMark: '/elsewhere' })], []],
    ['a helper marked by another tree', [row(320, 1, 'git', { ...inTree, treeMark: 't9' })], []],
  ])('%s, and reports the processes with its mark', (_which, rows, left) => {
    expect(shutdown(rows, [tree])).toEqual({ planned: [], left });
  });

  test("a process of another tree's live worker, even if a damaged record of this tree names it", () => {
    const otherRoot = supervisor(300, 1, { treeMark: 't2', dataDirMark: DATA_DIR });
    const otherWorker = worker(310, 300, marks('t2', otherRoot, 'worker'));
    const search = searchServer(340, 310, { sid: 310, ...HIDDEN_MARKS });
    const damaged = manifest('t1', [
      entry('supervisor', supervisor(290, 1)),
      entry('search', search, { by: otherWorker }),
    ]);
    expect(planned([otherRoot, otherWorker, search], [damaged])).toEqual([]);
  });

  const nested = supervisor(340, 320, { sid: 310, treeMark: 't2', dataDirMark: DATA_DIR });
  const below = row(350, 340, 'sleep 1', { sid: 310 });
  const recordOfNested = manifest('t2', [entry('supervisor', nested)]);
  test.each<[string, ProcessRow, Manifest[]]>([
    ['its record', { ...nested, ...HIDDEN_MARKS }, [recordOfNested]],
    ['its marks alone', nested, []],
  ])('another live tree below a wrapper, known by %s, with its descendants', (_by, other, others) => {
    expect(planned([root, ours, wrapper, other, below], [tree, ...others])).toEqual([300, 310, 320]);
  });

  test.each<[string, Partial<ProcessRow>, Partial<ProcessSnapshot>, boolean]>([
    ['of this user', {}, {}, true],
    ['of another user', { uid: 1001 }, {}, false],
    ['of another user, where the reader knows no user of its own', { uid: 1001 }, { self: { pid: SELF_PID } }, true],
    ['of another pid namespace', { pidNamespace: 'pid:[4]' }, {}, false],
    ['of this pid namespace', { pidNamespace: 'pid:[4026531836]' }, {}, true],
    ['a zombie', { state: 'Z' }, {}, false],
  ])('a recorded process %s: %o %o planned: %s', (_which, change, extra, isPlanned) => {
    const recorded = manifest('t1', [...tree.entries, entry('chroma-sync', wrapper, { by: ours })]);
    expect(planned([root, ours, { ...wrapper, ...change }], [recorded], extra).includes(320)).toBe(isPlanned);
  });

  test('pid 1, this command and its ancestors, even if they are recorded', () => {
    const init = supervisor(1, 0);
    const recorded = manifest('t1', [
      entry('supervisor', init),
      entry('worker', self, { by: init }),
      entry('search', shell),
    ]);
    expect(planned([init, self, shell], [recorded])).toEqual([]);
  });
});

test.each<[string, Partial<Manifest>, Partial<ProcessSnapshot>, number[]]>([
  ['gone', {}, {}, [340]],
  ['not seen in an incomplete listing', {}, { complete: false }, []],
  ['of an earlier boot of this machine', { bootId: 'boot-0' }, {}, []],
])('a helper in the session of a worker that is %s is planned: %j %j', (_which, change, extra, expected) => {
  const helper = row(340, 1, 'git', inTree);
  expect(planned([helper], [{ ...tree, ...change }], extra)).toEqual(expected);
});

describe('a shutdown of one tree', () => {
  test('a shutdown of one tree ends a process whose command line has changed, because identity alone decides', () => {
    const snapshot = snapshotOf([...machine, root, ours]);
    const input = { snapshot, dataDir: DATA_DIR, manifests: [tree], otherRegistries: [], answering: [] };
    const { plan } = planTree(new JudgementContext(input), 't1');
    expect(plan.map(({ restsOnCommand }) => restsOnCommand)).toEqual([false, false]);
  });

  test('spares processes that only another tree records, even if that tree has lost its root', () => {
    const other = worker(400, 1, { sid: 400 });
    const otherTree = manifest('t2', [entry('supervisor', supervisor(399, 1)), entry('worker', other)]);
    expect(planned([root, ours, other], [tree, otherTree])).toEqual([300, 310]);
  });

  test('spares a recorded process under a live owner outside the tree', () => {
    const stranger = row(200, 1, 'node /srv/other.js');
    const subject = searchServer(340, 200, { sid: 200, ...marks('t1', stranger, 'search') });
    const damaged = manifest('t1', [...tree.entries, entry('search', subject, { by: ours })]);
    expect(planned([root, ours, stranger, subject], [damaged])).toEqual([300, 310]);
  });

  test('a shutdown of one tree ends a recorded process whose owner is this command or its ancestor', () => {
    const byUs = worker(9_010, SELF_PID, marks('t1', self, 'worker'));
    const byShell = searchServer(9_020, shell.pid, { sid: shell.pid, ...marks('t1', shell, 'search') });
    const made = manifest('t1', [entry('supervisor', root), entry('worker', byUs), entry('search', byShell)]);
    expect(planned([root, byUs, byShell], [made])).toEqual([300, 9_020, 9_010]);
  });

  test('a shutdown of one tree ends a marked program whose parent is missing from an incomplete listing', () => {
    expect(planned([uv(320, 299, inTree)], [], { complete: false })).toEqual([320]);
  });

  test('a shutdown of one tree ends a search server under its client if the marks of its child prove it to be the root', () => {
    const client = row(290, 70, 'claude', { sid: 70 });
    const server = searchServer(300, 290, { sid: 70, roleMark: 'search', treeMark: 't1', dataDirMark: DATA_DIR });
    const chroma = uv(310, 300, { sid: 70, ...marks('t1', server, 'chroma-search') });
    expect(planned([client, server, chroma], [])).toEqual([300, 310]);
    expect(planned([client, server], [])).toEqual([]);
  });

  test('spares a recorded pid 1 that is not an ancestor of this command', () => {
    const first = supervisor(1, 0, { treeMark: 't1', dataDirMark: DATA_DIR });
    const injected = { ...self, ppid: 0 };
    const made = manifest('t1', [entry('supervisor', first)]);
    expect(planned([first, injected], [made])).toEqual([]);
  });

  test('spares a marked prewarm chroma-mcp of another data dir', () => {
    const marked = { sid: 310, ...marks('t1', ours, 'setup') };
    expect(planned([row(320, 1, 'uvx chroma-mcp --help', marked)], [])).toEqual([320]);
    expect(planned([row(320, 1, 'uvx chroma-mcp --data-dir /elsewhere/chroma', marked)], [])).toEqual([]);
    expect(planned([row(320, 1, 'bash', marked)], [])).toEqual([]);
    expect(planned([row(320, 1, 'uvx chroma-mcp --help', { ...marked, roleMark: 'chroma-sync' })], [])).toEqual([]);
  });
});
