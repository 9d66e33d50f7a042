import { describe, expect, test } from 'vitest';
import { planReap, type ReapRequest } from '../../../src/core/verdicts/plan-reap.ts';
import type { ProcessRow, ProcessSnapshot } from '../../../src/core/process/snapshot.ts';
import type { Judgement, Verdict } from '../../../src/core/verdicts/verdict.ts';
import { indexOf, machine, NAMESPACE, row, SELF_PID, shell, uv } from '../builders.ts';

function judged(of: ProcessRow, verdict: Verdict, ageSeconds = 1_000): Judgement {
  const evidence = [{ kind: 'made-up', detail: 'made up' }];
  const rest = {
    restsOnCommand: false,
    needsSecondLook: false,
    isManagedRoot: false,
    sharesWithChildren: false,
    isOtherInstallation: false,
  };
  return { row: of, verdict, role: null, treeId: null, ageSeconds, evidence, ...rest };
}

interface Wish {
  readonly verdict?: Verdict;
  readonly age?: number;
  readonly request?: Partial<ReapRequest>;
  readonly self?: { readonly uid?: number };
}

/** The decision of a plan about one process with this verdict, right or wrong: `planned`, or why it is spared. */
function fate(of: ProcessRow, { verdict = 'orphan', age = 1_000, request = {}, self = {} }: Wish = {}) {
  const others = machine.filter(({ pid }) => pid !== of.pid);
  const extra: Partial<ProcessSnapshot> = { self: { pid: SELF_PID, uid: 1_000, ...self } };
  const made = planReap([judged(of, verdict, age)], indexOf([...others, of], extra), {
    includeExcess: false,
    ...request,
  });
  return made.plan.length === 1 ? 'planned' : made.skipped[0]?.reason;
}

const leak = uv(320, 1, { sid: 310 });
const named = { request: { pids: new Set([320]) } };

describe('a plan spares, although the verdict is orphan,', () => {
  test.each<[string, ProcessRow, string]>([
    ['pid 2', row(2, 0, 'kthreadd'), 'a kernel thread'],
    ['a child of pid 2', { ...leak, ppid: 2 }, 'a kernel thread'],
    [
      'a process whose command line is read in part',
      { ...leak, commandCut: true },
      'its command line is longer than what was read',
    ],
    ['a process of another pid namespace', { ...leak, pidNamespace: 'pid:[4]' }, 'runs in another pid namespace'],
    ['another user’s process', { ...leak, uid: 1_001 }, 'belongs to another user'],
    ['the shell above this command', shell, 'an ancestor of this command'],
    ['pid 1', row(1, 0, 'init', { uid: 1_000 }), 'an ancestor of this command'],
    ['a zombie', { ...leak, state: 'Z' }, 'a zombie: it has exited, and only its parent can remove it'],
  ])('%s', (_which, of, reason) => {
    expect(fate(of)).toBe(reason);
    expect(fate(of, { verdict: 'excess', request: { includeExcess: true } })).toBe(reason);
  });
});

test('a plan contains an orphan of this pid namespace in either notation', () => {
  expect(fate(leak)).toBe('planned');
  expect(fate({ ...leak, pidNamespace: `pid:[${NAMESPACE}]` })).toBe('planned');
  expect(fate({ ...leak, pidNamespace: NAMESPACE })).toBe('planned');
});

test("a plan contains another user's process only if root named it", () => {
  const foreign = { ...leak, uid: 1_001 };
  expect(fate(foreign, { ...named, self: { uid: 0 } })).toBe('planned');
  expect(fate(foreign, { self: { uid: 0 } })).toBe('belongs to another user');
  expect(fate(foreign, named)).toBe('belongs to another user');
  const anotherNamed = { request: { pids: new Set([320, 321]) }, self: { uid: 0 } };
  expect(fate({ ...foreign, pid: 320 }, anotherNamed)).toBe('planned');
});

test('a plan contains excess only on request', () => {
  expect(fate(leak, { verdict: 'excess' })).toBe('excess: ended only with --include excess');
  expect(fate(leak, { verdict: 'excess', request: { includeExcess: true } })).toBe('planned');
});

test('a plan contains a leak of exactly the requested age', () => {
  const request = { olderThanSeconds: 60 };
  expect([60, 59.9].map((age) => fate(leak, { age, request }))).toEqual(['planned', 'orphan, but only 59 s old']);
});

test.each<[Verdict, string]>([
  ['managed', 'managed: made up'],
  ['foreign', 'foreign: made up'],
  ['unverified', 'unverified: made up'],
  ['zombie', 'zombie: made up'],
])(
  'a named process with verdict %s is spared for its verdict, before its user or namespace is checked',
  (verdict, reason) => {
    expect(fate({ ...leak, uid: 1_001 }, { verdict, ...named })).toBe(reason);
  },
);
