import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JudgementContext } from '../../../src/core/verdicts/judgement-context.ts';
import type { Manifest } from '../../../src/core/tree/manifest.ts';
import { planReap } from '../../../src/core/verdicts/plan-reap.ts';
import { planTree } from '../../../src/core/tree/plan-tree.ts';
import { mayRunRole } from '../../../src/core/process/role-program.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  DATA_DIR,
  entry,
  evidenceOfLast,
  indexOf,
  judge,
  machine,
  manifest,
  marks,
  python,
  row,
  snapshotOf,
  supervisor,
  UID,
  uv,
  verdictOfLast,
  verdicts,
  worker,
} from '../builders.ts';
import { isLeak, judgeWorld, worlds } from '../worlds.ts';

const root = supervisor(300, 1, { treeMark: 't1' });
const ours = worker(310, 300, marks('t1', root, 'worker'));
const tree = manifest('t1', [entry('supervisor', root), entry('worker', ours, { by: root })]);
const marked = uv(320, 1, { sid: 310, ...marks('t1', ours, 'chroma-sync') });
const recorded = manifest('t1', [...tree.entries, entry('chroma-sync', marked, { by: ours })]);
const forsaken = uv(500, 1, { sid: 400 });

const commandCut = (whole: ProcessRow): ProcessRow => {
  const part: ProcessRow = { ...whole, commandCut: true };
  Reflect.deleteProperty(part, 'argv');
  return part;
};
const environmentCut = (whole: ProcessRow): ProcessRow => ({ ...whole, environmentCut: true });

describe('a process that is an orphan by', () => {
  test.each<[string, ProcessRow, readonly Manifest[]]>([
    ['its marks', marked, [tree]],
    ['its command line and place', forsaken, []],
    ['its lost wrapper', python(330, 300, { sid: 310, ...marks('t1', ours, 'chroma-sync') }), [tree]],
  ])('%s is unverified once its command line or environment is read in part', (_, whole, manifests) => {
    const rows = (last: ProcessRow) => [root, last];
    expect(verdictOfLast(rows(whole), { manifests })).toBe('orphan');
    for (const part of [commandCut(whole), environmentCut(whole)]) {
      expect(verdictOfLast(rows(part), { manifests })).toBe('unverified');
      expect(evidenceOfLast(rows(part), { manifests })).toContain('read-in-part');
    }
  });

  test('its record is unverified if its command line is read in part, and still an orphan if its environment is', () => {
    expect(verdictOfLast([root, commandCut(marked)], { manifests: [recorded] })).toBe('unverified');
    expect(verdictOfLast([root, environmentCut(marked)], { manifests: [recorded] })).toBe('orphan');
  });
});

test('a managed process stays managed if its command line and environment are read in part', () => {
  const child = { ...marked, ppid: 310 };
  for (const part of [commandCut(child), environmentCut(child)]) {
    expect(verdicts([root, ours, part], { manifests: [recorded] })).toMatchObject({ 300: 'managed', 320: 'managed' });
  }
});

test('a uvx whose command line is read in part is unverified', () => {
  const part = commandCut(row(500, 1, 'uvx aaaaaaaa', { name: 'uvx' }));
  expect(verdictOfLast([part])).toBe('unverified');
  expect(
    judge([part])
      .find(({ row: { pid } }) => pid === 500)
      ?.evidence.at(-1)?.detail,
  ).toBe('its command line is longer than 128 KiB, so only its beginning was read');
});

test('another data dir in the read part of a command line makes no process foreign: the last one counts', () => {
  const whole = row(500, 1, 'uv tool uvx chroma-mcp --data-dir /elsewhere/chroma', { name: 'uv' });
  expect(verdictOfLast([whole])).toBe('foreign');
  expect(verdictOfLast([commandCut(whole)])).toBe('unverified');
});

test('a process of another user that is read in part is foreign, with evidence of both', () => {
  const part = commandCut(row(500, 1, 'uvx aaaa', { name: 'uvx', uid: UID + 1 }));
  expect(verdictOfLast([part])).toBe('foreign');
  expect(evidenceOfLast([part])).toEqual(['user', 'read-in-part']);
});

test('no pattern proves an orphan whose session leader was read in part: it may be a live claude-mem', () => {
  const leader = row(400, 1, 'bun --flag', { name: 'bun' });
  expect(verdictOfLast([leader, forsaken])).toBe('orphan');
  expect(verdictOfLast([commandCut(leader), forsaken])).toBe('unverified');
});

test('a reap plan never contains a process whose command line is read in part', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const processes = world.snapshot.processes.map(commandCut);
      const judgements = judgeWorld(world, { processes });
      expect(judgements.filter(isLeak)).toEqual([]);
    }),
    { numRuns: 200 },
  );
  const [judgement] = judge([forsaken]).filter(({ row: { pid } }) => pid === 500);
  const forged = { ...judgement!, verdict: 'orphan' as const, row: commandCut(forsaken) };
  expect(planReap([forged], indexOf([...machine, forsaken]), { includeExcess: true })).toEqual({
    plan: [],
    skipped: [{ pid: 500, reason: 'its command line is longer than what was read' }],
  });
});

test('a shutdown ends recorded processes, but spares a marked process that is read in part', () => {
  const planned = (rows: readonly ProcessRow[], manifests: readonly Manifest[]) => {
    const snapshot = snapshotOf([...machine, ...rows]);
    const input = { snapshot, dataDir: DATA_DIR, manifests, otherRegistries: [], answering: [] };
    const { plan, left } = planTree(new JudgementContext(input), 't1');
    return { plan: plan.map(({ row: { pid } }) => pid), left: left.map(({ pid }) => pid) };
  };
  expect(planned([root, marked], [tree])).toEqual({ plan: [300, 320], left: [] });
  for (const part of [commandCut(marked), environmentCut(marked)]) {
    expect(planned([root, part], [tree])).toEqual({ plan: [300], left: [320] });
    expect(planned([root, part], [recorded])).toEqual({ plan: [300, 320], left: [] });
  }
});

test.each<[string, Partial<ProcessRow>, boolean]>([
  [
    'a node whose whole script is another one',
    { name: 'node', command: 'node /srv/app.js x', commandCut: true },
    false,
  ],
  ['a node whose script may go on', { name: 'node', command: 'node /srv/app', commandCut: true }, true],
  ['a node without a script so far', { name: 'node', command: 'node --flag', commandCut: true }, true],
  ['a node without a script at all', { name: 'node', argv: ['node'], command: 'node' }, false],
  ['a node that runs ours', { name: 'node', command: 'node /x/search-server.js y', commandCut: true }, true],
  ['a title that became the name', { name: 'MainThread', command: 'node /x/worker.js y', commandCut: true }, true],
  ['a uvx', { name: 'uvx', command: 'uvx ruff check', commandCut: true }, true],
  [
    'an executable of ours under another name',
    { name: 'x', executable: '/b/uv', command: 'x', commandCut: true },
    true,
  ],
  ['an editor', { name: 'vim', command: 'vim chroma-mcp', commandCut: true }, false],
])('a process read in part may run a role: %s', (_, part, expected) => {
  expect(mayRunRole({ name: '', command: '', ...part })).toBe(expected);
});

describe('a process that would be excess', () => {
  const sync = { sid: 310, ...marks('t1', ours, 'chroma-sync') };
  const replaced = uv(320, 310, sync);
  const current = uv(330, 310, sync);
  const manifests = [manifest('t1', [...tree.entries, entry('chroma-sync', current, { by: ours })])];

  test.each<[string, ProcessRow, string]>([
    ['whole: excess', replaced, 'excess'],
    ['read in part in its environment: unverified', environmentCut(replaced), 'unverified'],
    ['read in part in its command line: unverified', commandCut(replaced), 'unverified'],
  ])('a process that would be excess is %s', (_which, last, verdict) => {
    expect(verdictOfLast([root, ours, current, last], { manifests })).toBe(verdict);
  });
});

test('the evidence of a recorded process read in part names its record and the unread part', () => {
  const found = judge([root, commandCut(marked)], { manifests: [recorded] }).find(({ row: { pid } }) => pid === 320);
  expect(found?.evidence.map(({ kind }) => kind)).toEqual(['recorded', 'read-in-part']);
  expect(found?.evidence.at(-1)?.detail).toBe(
    'its command line is longer than 128 KiB, so only its beginning was read',
  );
  const other = judge([environmentCut(forsaken)]).find(({ row: { pid } }) => pid === 500);
  expect(other?.evidence.map(({ detail }) => detail)).toEqual([
    'its environment is longer than 128 KiB, so only its beginning was read',
  ]);
});
