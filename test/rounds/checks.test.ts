import { describe, expect, test } from 'vitest';
import { checkCommand, checkLedger, doubleTrees, leftOf, orphansOf } from '../../scripts/rounds/checks.ts';
import { ownedBy, python, ran, row, search, supervisor, truth, uv, wholeTreeRows, worker } from './rows.ts';

const whole = truth(wholeTreeRows);
const none = truth([]);
/** Its worker is gone. */
const lostUv = { ...uv, ppid: 1 };
const leaking = truth([lostUv, python]);
const clean = { complete: true, summary: { orphans: 0, excess: 0 } };

describe('what a command says', () => {
  test.each([
    ['an exit code that no document names', ran('leaks', 133, clean), 'leaks: exit code 133'],
    ['an end by a signal nobody sent', ran('stop', null, {}, { signal: 'SIGABRT' }), 'stop: ended by SIGABRT'],
    ['no end', ran('stop', null, {}, { hasTimedOut: true }), 'stop: does not end'],
    ['a stack trace', ran('doctor', 0, {}, { stderr: 'x\n    at f (/a.js:1:2)\n' }), 'doctor: a stack trace on stderr'],
    ['no JSON', ran('status', 0, {}, { stdout: 'oops' }), 'status: no JSON document on stdout: "oops"'],
    [
      '0 though its output was lost',
      ran('reap', 0, {}, { losesOutput: true }),
      'reap: exit code 0 though its output was lost',
    ],
  ])('is refused: %s', (_, facts, what) => {
    expect(checkCommand(facts)).toContain(what);
  });

  test('is not held against a command that the runner struck', () => {
    expect(checkCommand(ran('stop', null, {}, { signal: 'SIGKILL', isStruck: true, stdout: '' }))).toEqual([]);
  });
});

describe('what is true', () => {
  test.each([
    ['stop that says ok beside its worker', ran('stop', 0, { ok: true, treeId: 'tree-1' }, { after: truth([worker]) })],
    [
      'stop that says ok beside any supervisor',
      ran('stop', 0, { ok: true, treeId: null }, { after: truth([supervisor]) }),
    ],
    ['stop whose JSON and exit code differ', ran('stop', 0, { ok: false })],
    [
      'start that says ok without a worker',
      ran('start', 0, { ok: true, treeId: 'tree-1' }, { after: truth([supervisor]) }),
    ],
    [
      'start that says ok beside two supervisors',
      ran('start', 0, { ok: true, treeId: 'tree-1' }, { after: truth([...wholeTreeRows, { ...supervisor, pid: 60 }]) }),
    ],
    ['leaks that finds none beside an orphan', ran('leaks', 0, clean, { before: leaking, after: leaking })],
    ['leaks that says 0 with leaks', ran('leaks', 0, { complete: true, summary: { orphans: 1, excess: 0 } })],
    ['leaks that says 1 without', ran('leaks', 1, clean)],
    ['leaks that says 0 after an incomplete reading', ran('leaks', 0, { ...clean, complete: false })],
    [
      'leaks that says 0 beside a manifest that cannot be read',
      ran('leaks', 0, clean, {
        before: truth([], { damagedManifests: ['m'] }),
        after: truth([], { damagedManifests: ['m'] }),
      }),
    ],
    ['reap that says 0 and leaves an orphan', ran('reap', 0, {}, { before: leaking, after: leaking })],
    ['reap that ends a tree that is whole', ran('reap', 0, {}, { before: whole, after: truth([supervisor, worker]) })],
    [
      'status that says not running beside a tree',
      ran('status', 3, { running: false }, { before: whole, after: whole }),
    ],
    ['status that says running beside nothing', ran('status', 0, { running: true }, { before: none, after: none })],
    ['status whose JSON and exit code differ', ran('status', 3, { running: true })],
  ])('convicts a %s', (_, facts) => {
    expect(checkCommand(facts)).toHaveLength(1);
  });

  test.each([
    [
      'stop that left a bystander',
      ran('stop', 0, { ok: true, treeId: 'tree-1' }, { after: truth([{ ...uv, bystander: 'b' }]) }),
    ],
    ['start of a whole tree', ran('start', 0, { ok: true, treeId: 'tree-1' }, { after: whole })],
    ['status of a tree that gave up', ran('status', 1, { running: true }, { before: whole, after: whole })],
    ['leaks beside a whole tree', ran('leaks', 0, clean, { before: whole, after: whole })],
    ['leaks that saw an orphan go', ran('leaks', 0, clean, { before: leaking, after: none })],
    [
      'reap that leaves a frozen tree smaller',
      ran('reap', 0, {}, { before: truth([{ ...supervisor, state: 'T' }, worker, search]), after: none }),
    ],
    [
      'status beside something that happens meanwhile',
      ran('status', 3, { running: false }, { isAlone: false, before: whole, after: whole }),
    ],
  ])('acquits a %s', (_, facts) => {
    expect(checkCommand(facts)).toEqual([]);
  });
});

describe("the runner's own orphans", () => {
  const pids = (rows: Parameters<typeof truth>[0], extra = {}) => orphansOf(truth(rows, extra)).map(({ pid }) => pid);

  test('are programs whose owner is gone, under pid 1 or a supervisor, and the python of such a wrapper', () => {
    expect(pids([lostUv, python])).toEqual([40, 50]);
    expect(pids([supervisor, { ...uv, ppid: supervisor.pid }])).toEqual([40]);
  });

  test('are none of a live owner, none under another live parent, no bystander and no shell with marks', () => {
    expect(pids(wholeTreeRows)).toEqual([]);
    const shell = row(60, 1, { bystander: 'shell-1', owner: ownedBy(99), role: 'search' });
    expect(pids([shell, { ...uv, ppid: 60 }])).toEqual([]);
    expect(pids([{ ...lostUv, bystander: 'typed-1' }])).toEqual([]);
  });

  test('count an owner whose pid was reused as gone', () => {
    expect(pids([row(20, 1, { start: 'later', tree: undefined }), lostUv])).toEqual([40]);
  });

  test('are not claimed while a false registry speaks for them', () => {
    expect(pids([lostUv], { hasFalseRegistry: true })).toEqual([]);
  });
});

test('two trees are two supervisors with a worker each; a supervisor that waits for its start is none', () => {
  const held = row(11, 1, { argv: ['node', '/x/supervisor.js', '--held'], role: 'supervisor', tree: 'tree-2' });
  const second = row(21, 11, { argv: worker.argv, role: 'worker', tree: 'tree-2', owner: ownedBy(11) });
  expect(doubleTrees([...wholeTreeRows, held])).toEqual([]);
  expect(doubleTrees([...wholeTreeRows, held, second]).map(({ pid }) => pid)).toEqual([10, 11, 20, 21]);
});

test('whatever is no bystander is left over', () => {
  expect(
    leftOf([uv, row(60, 1, { bystander: 'shell-1' }), row(61, 1, { tree: undefined })]).map(({ pid }) => pid),
  ).toEqual([40, 61]);
});

describe('what was acknowledged', () => {
  const check = (stored: number, isSpooled: boolean, isDrained = false) =>
    checkLedger([{ kind: 'prompt', token: 'x' }], () => ({ stored, isSpooled }), { isDrained });

  test('is stored once, or waits in the spool', () => {
    expect(check(1, false)).toEqual([]);
    expect(check(0, true)).toEqual([]);
    expect(check(1, true)).toEqual([]);
  });

  test('is not lost, not stored twice, and not left in the spool by a tree that had time', () => {
    expect(check(0, false)).toEqual(['prompt x was acknowledged and is lost']);
    expect(check(2, false)).toEqual(['prompt x was acknowledged once and is stored 2 times']);
    expect(check(0, true, true)).toHaveLength(1);
  });
});
