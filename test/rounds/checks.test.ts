import { describe, expect, test } from 'vitest';
import { checkCommand, checkLedger, doubleTrees, leftOf, orphansOf } from '../../scripts/rounds/checks.ts';
import { ownedBy, python, ran, row, search, supervisor, truth, uv, wholeTreeRows, worker } from './rows.ts';

const whole = truth(wholeTreeRows);
const none = truth([]);
/** A tree whose worker is gone. */
const lostUv = { ...uv, ppid: 1 };
const leaking = truth([lostUv, python]);
const clean = { complete: true, summary: { orphans: 0, excess: 0 } };

describe('the output of a command', () => {
  test.each([
    ['an undocumented exit code', ran('leaks', 133, clean), 'leaks: exit code 133'],
    ['an end by a signal that was not sent', ran('stop', null, {}, { signal: 'SIGABRT' }), 'stop: ended by SIGABRT'],
    ['a command that does not end', ran('stop', null, {}, { hasTimedOut: true }), 'stop: does not end'],
    ['a stack trace', ran('doctor', 0, {}, { stderr: 'x\n    at f (/a.js:1:2)\n' }), 'doctor: a stack trace on stderr'],
    ['output that is not JSON', ran('status', 0, {}, { stdout: 'oops' }), 'status: no JSON document on stdout: "oops"'],
    [
      'exit code 0 although the output was lost',
      ran('reap', 0, {}, { losesOutput: true }),
      'reap: exit code 0 though its output was lost',
    ],
  ])('the output of a command is refused: %s', (_, facts, what) => {
    expect(checkCommand(facts)).toContain(what);
  });

  test('the output of a command is not checked for a command that the runner hit', () => {
    expect(checkCommand(ran('stop', null, {}, { signal: 'SIGKILL', isStruck: true, stdout: '' }))).toEqual([]);
  });
});

describe('a statement about the tree', () => {
  test.each([
    [
      'stop that says ok while its worker runs',
      ran('stop', 0, { ok: true, treeId: 'tree-1' }, { after: truth([worker]) }),
    ],
    [
      'stop that says ok while any supervisor runs',
      ran('stop', 0, { ok: true, treeId: null }, { after: truth([supervisor]) }),
    ],
    ['stop whose JSON and exit code differ', ran('stop', 0, { ok: false })],
    [
      'start that says ok without a worker',
      ran('start', 0, { ok: true, treeId: 'tree-1' }, { after: truth([supervisor]) }),
    ],
    [
      'start that says ok while two supervisors run',
      ran('start', 0, { ok: true, treeId: 'tree-1' }, { after: truth([...wholeTreeRows, { ...supervisor, pid: 60 }]) }),
    ],
    ['leaks that finds nothing while an orphan runs', ran('leaks', 0, clean, { before: leaking, after: leaking })],
    ['leaks that exits with 0 with leaks', ran('leaks', 0, { complete: true, summary: { orphans: 1, excess: 0 } })],
    ['leaks that exits with 1 without leaks', ran('leaks', 1, clean)],
    ['leaks that exits with 0 after an incomplete reading', ran('leaks', 0, { ...clean, complete: false })],
    [
      'leaks that exits with 0 with an unreadable manifest',
      ran('leaks', 0, clean, {
        before: truth([], { damagedManifests: ['m'] }),
        after: truth([], { damagedManifests: ['m'] }),
      }),
    ],
    ['reap that exits with 0 and leaves an orphan', ran('reap', 0, {}, { before: leaking, after: leaking })],
    ['reap that ends a live tree', ran('reap', 0, {}, { before: whole, after: truth([supervisor, worker]) })],
    [
      'status that says not running while a tree runs',
      ran('status', 3, { running: false }, { before: whole, after: whole }),
    ],
    ['status that says running while nothing runs', ran('status', 0, { running: true }, { before: none, after: none })],
    ['status whose JSON and exit code differ', ran('status', 3, { running: true })],
  ])('reports a %s', (_, facts) => {
    expect(checkCommand(facts)).toHaveLength(1);
  });

  test.each([
    [
      'stop that leaves an unrelated process',
      ran('stop', 0, { ok: true, treeId: 'tree-1' }, { after: truth([{ ...uv, bystander: 'b' }]) }),
    ],
    ['start of a complete tree', ran('start', 0, { ok: true, treeId: 'tree-1' }, { after: whole })],
    ['status of a tree that gave up', ran('status', 1, { running: true }, { before: whole, after: whole })],
    ['leaks with a live tree', ran('leaks', 0, clean, { before: whole, after: whole })],
    ['leaks during which an orphan ends', ran('leaks', 0, clean, { before: leaking, after: none })],
    [
      'reap that reduces a frozen tree',
      ran('reap', 0, {}, { before: truth([{ ...supervisor, state: 'T' }, worker, search]), after: none }),
    ],
    [
      'reap during which a worker ends that was sent SIGTERM before',
      ran('reap', 0, {}, { before: truth(wholeTreeRows, { struck: [worker] }), after: truth([supervisor]) }),
    ],
    ['status during a change', ran('status', 3, { running: false }, { isAlone: false, before: whole, after: whole })],
  ])('accepts a %s', (_, facts) => {
    expect(checkCommand(facts)).toEqual([]);
  });
});

describe("the runner's own orphans", () => {
  const pids = (rows: Parameters<typeof truth>[0], extra = {}) => orphansOf(truth(rows, extra)).map(({ pid }) => pid);

  test('include programs whose owner is gone, under pid 1 or a supervisor, and the python of such a wrapper', () => {
    expect(pids([lostUv, python])).toEqual([40, 50]);
    expect(pids([supervisor, { ...uv, ppid: supervisor.pid }])).toEqual([40]);
  });

  test('exclude processes with a live owner or another live parent, unrelated processes, and shells with marks', () => {
    expect(pids(wholeTreeRows)).toEqual([]);
    const shell = row(60, 1, { bystander: 'shell-1', owner: ownedBy(99), role: 'search' });
    expect(pids([shell, { ...uv, ppid: 60 }])).toEqual([]);
    expect(pids([{ ...lostUv, bystander: 'typed-1' }])).toEqual([]);
  });

  test('include processes whose owner pid was reused', () => {
    expect(pids([row(20, 1, { start: 'later', tree: undefined }), lostUv])).toEqual([40]);
  });

  test("the runner's own orphans are not expected while a false registry records them", () => {
    expect(pids([lostUv], { hasFalseRegistry: true })).toEqual([]);
  });
});

test('counts two supervisors with a worker each as two trees, and not a supervisor that waits for its start', () => {
  const held = row(11, 1, { argv: ['node', '/x/supervisor.js', '--held'], role: 'supervisor', tree: 'tree-2' });
  const second = row(21, 11, { argv: worker.argv, role: 'worker', tree: 'tree-2', owner: ownedBy(11) });
  expect(doubleTrees([...wholeTreeRows, held])).toEqual([]);
  expect(doubleTrees([...wholeTreeRows, held, second]).map(({ pid }) => pid)).toEqual([10, 11, 20, 21]);
});

test('counts every process as left over that is not an unrelated one', () => {
  expect(
    leftOf([uv, row(60, 1, { bystander: 'shell-1' }), row(61, 1, { tree: undefined })]).map(({ pid }) => pid),
  ).toEqual([40, 61]);
});

describe('an acknowledged event', () => {
  const check = (stored: number, isSpooled: boolean, isDrained = false) =>
    checkLedger([{ kind: 'prompt', token: 'x' }], () => ({ stored, isSpooled }), { isDrained });

  test('an acknowledged event is stored once, or waits in the spool', () => {
    expect(check(1, false)).toEqual([]);
    expect(check(0, true)).toEqual([]);
    expect(check(1, true)).toEqual([]);
  });

  test('an acknowledged event is reported if lost, stored twice, or left in the spool by a tree that had time', () => {
    expect(check(0, false)).toEqual(['prompt x was acknowledged and is lost']);
    expect(check(2, false)).toEqual(['prompt x was acknowledged once and is stored 2 times']);
    expect(check(0, true, true)).toHaveLength(1);
  });
});
