import { describe, expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import {
  bornAt,
  clockAt,
  entry,
  evidenceOfLast,
  HIDDEN_MARKS,
  manifest,
  marks,
  NOW_TICKS,
  ownerMark,
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

const root = supervisor(300, 1, { treeMark: 't1' });
const ours = worker(310, 300, marks('t1', root, 'worker'));
const inTree = { sid: 310, ...marks('t1', ours, 'chroma-sync') };
const old = uv(320, 310, inTree);
const oldPython = python(321, 320, inTree);
const current = uv(330, 310, inTree);
const currentPython = python(331, 330, inTree);
const base = [entry('supervisor', root), entry('worker', ours, { by: root })];
const replaced = manifest('t1', [...base, entry('chroma-sync', current, { by: ours })]);
const whole = [root, ours, old, oldPython, current, currentPython];

describe('replaced: the live owner records a later one for that role', () => {
  test('the earlier process and its children are excess, the recorded one and its children managed', () => {
    expect(verdicts(whole, { manifests: [replaced] })).toEqual({
      ...{ 300: 'managed', 310: 'managed', 320: 'excess', 321: 'excess', 330: 'managed', 331: 'managed' },
    });
  });

  test('23 children under a live worker, one recorded: 22 are excess', () => {
    const children = Array.from({ length: 23 }, (_, nth) => uv(320 + nth, 310, inTree));
    const manifests = [manifest('t1', [...base, entry('chroma-sync', children[22]!, { by: ours })])];
    const found = Object.values(verdicts([root, ours, ...children], { manifests }));
    expect(found.filter((verdict) => verdict === 'excess')).toHaveLength(22);
    expect(found.filter((verdict) => verdict === 'managed')).toHaveLength(3);
  });

  const subject = (extra: Partial<ProcessRow>, ppid = 310) => uv(340, ppid, { ...inTree, ...bornAt(3_250), ...extra });
  test.each<[string, ProcessRow[], Scene]>([
    ['born after the recorded one', [subject(bornAt(3_400))], {}],
    ['born in the same tick', [subject(bornAt(3_300))], {}],
    [
      'only 10 s old',
      [subject(secondsOld(10))],
      { manifests: [manifest('t1', [...base, entry('chroma-sync', uv(330, 310, secondsOld(1)), { by: ours })])] },
    ],
    ['of another role', [subject({ roleMark: 'chroma-search' })], {}],
    ['with an owner that is not known to live', [subject({ ownerMark: '310:3100:boot-x:4' })], {}],
    [
      'the recorded one gone',
      [subject({})],
      { manifests: [manifest('t1', [...base, entry('chroma-sync', uv(335, 310), { by: ours })])] },
    ],
    [
      'the recorded one let go of too',
      [subject({})],
      { manifests: [manifest('t1', [...base, entry('chroma-sync', current, { by: ours, endedAt: clockAt(9_000) })])] },
    ],
    [
      'the recorded one another owner’s',
      [subject({})],
      { manifests: [manifest('t1', [...base, entry('chroma-sync', current, { by: root })])] },
    ],
    [
      'no descendant of its owner',
      [subject({})],
      { manifests: [manifest('t1', [...base, entry('chroma-sync', row(336, 1, 'x'), { by: ours })])] },
    ],
    ['no manifest of its tree', [subject({ treeMark: 't9' })], {}],
    ['hidden marks', [subject({ treeMark: null, ownerMark: null, roleMark: null })], {}],
    [
      'typed into a terminal that was opened inside the tree',
      [row(315, 310, 'bash', { ...inTree, sid: 315 }), subject({ sid: 315 }, 315)],
      {},
    ],
    ['no program of a role', [row(340, 310, 'node worker.js', { ...inTree, ...bornAt(3_250) })], {}],
  ])('not %s', (_which, rows, scene) => {
    const others = [root, ours, current, row(336, 1, 'x')];
    expect(verdictOfLast([...others, ...rows], { manifests: [replaced], ...scene })).not.toMatch(/excess|orphan/);
  });

  test('an ancestor or descendant of the recorded process is not excess', () => {
    const python331 = manifest('t1', [...base, entry('chroma-sync', currentPython, { by: ours })]);
    expect(verdicts([root, ours, current, currentPython], { manifests: [python331] })).toMatchObject({
      330: 'managed',
      331: 'managed',
    });
    const deeper = python(332, 331, inTree);
    expect(verdicts([root, ours, current, currentPython, deeper], { manifests: [replaced] })).toMatchObject({
      332: 'managed',
    });
  });

  test('a search server is excess beside its successor', () => {
    const search = { sid: 310, ...marks('t1', ours, 'search') };
    const later = searchServer(350, 310, search);
    const manifests = [manifest('t1', [...base, entry('search', later, { by: ours })])];
    expect(verdicts([root, ours, searchServer(340, 310, search), later], { manifests })).toMatchObject({
      340: 'excess',
      350: 'managed',
    });
  });
});

describe('released: its own entry is ended, and it still runs', () => {
  const ended = manifest('t1', [...base, entry('chroma-sync', old, { by: ours, endedAt: clockAt(9_000) })]);

  test('a released process and its children are excess', () => {
    expect(verdicts([root, ours, old, oldPython], { manifests: [ended] })).toMatchObject({
      320: 'excess',
      321: 'excess',
    });
  });

  test.each<[string, ProcessRow[], Scene]>([
    [
      '10 s old',
      [root, ours, uv(320, 310, { ...inTree, ...secondsOld(9) })],
      {
        manifests: [
          manifest('t1', [
            ...base,
            entry('chroma-sync', uv(320, 310, secondsOld(9)), { by: ours, endedAt: clockAt(1) }),
          ]),
        ],
      },
    ],
    [
      'recorded anew',
      [root, ours, old],
      { manifests: [manifest('t1', [...ended.entries, entry('chroma-sync', old, { by: ours })])] },
    ],
    ['without a live owner', [root, old], { snapshot: { complete: false } }],
  ])('not if %s', (_which, rows, scene) => {
    expect(verdictOfLast(rows, { manifests: [ended], ...scene })).not.toBe('excess');
  });

  test('a released process whose owner is gone is an orphan', () => {
    expect(verdictOfLast([root, uv(320, 300, inTree)], { manifests: [ended] })).toBe('orphan');
  });
});

describe('a past generation: its owner was replaced', () => {
  const next = worker(360, 300, marks('t1', root, 'worker'));
  const generations = manifest('t1', [
    entry('supervisor', root),
    entry('worker', ours, { by: root, endedAt: clockAt(9_000) }),
    entry('worker', next, { by: root }),
  ]);

  test('a replaced worker that hangs and its children are excess', () => {
    expect(verdicts([root, ours, old, oldPython, next], { manifests: [generations] })).toMatchObject({
      ...{ 300: 'managed', 310: 'excess', 320: 'excess', 321: 'excess', 360: 'managed' },
    });
  });

  test('children of a replaced worker that is gone are orphans under the supervisor that adopted them', () => {
    const rows = [
      root,
      uv(320, 300, inTree),
      oldPython,
      next,
      uv(370, 360, { sid: 360, ...marks('t1', next, 'chroma-sync') }),
    ];
    expect(verdicts(rows, { manifests: [generations] })).toEqual({
      ...{ 300: 'managed', 320: 'orphan', 321: 'orphan', 360: 'managed', 370: 'managed' },
    });
  });

  test('a program in a terminal opened inside that generation is neither excess nor orphan', () => {
    const tmux = row(380, 300, 'tmux new', { name: 'tmux: server', ...inTree, sid: 380 });
    const pane = row(381, 380, 'bash', { ...inTree, sid: 381 });
    for (const past of [[ours], []]) {
      const rows = [root, ...past, next, tmux, pane, uv(382, 381, { ...inTree, sid: 381, pgid: 382 })];
      expect(verdictOfLast(rows, { manifests: [generations] })).toBe('unverified');
    }
  });
});

test('no process is excess without a record that releases it', () => {
  expect(verdicts([root, ours, old, current], { manifests: [manifest('t1', base)] })).toMatchObject({
    320: 'managed',
    330: 'managed',
  });
});

describe('the age of an excess process', () => {
  const successor = uv(350, 310, { ...inTree, ...secondsOld(5) });
  const recordsSuccessor = manifest('t1', [...base, entry('chroma-sync', successor, { by: ours })]);

  test.each([
    [10, 'managed'],
    [10.01, 'excess'],
  ])('a replaced process that is %d s old is %s', (seconds, verdict) => {
    const subject = uv(340, 310, { ...inTree, ...secondsOld(seconds) });
    expect(verdictOfLast([root, ours, successor, subject], { manifests: [recordsSuccessor] })).toBe(verdict);
  });

  test.each([
    [10, 'managed'],
    [10.01, 'excess'],
  ])('a process %d s old whose own record is ended is %s', (seconds, verdict) => {
    const subject = uv(340, 310, { ...inTree, ...secondsOld(seconds) });
    const ended = entry('chroma-sync', subject, { by: ours, endedAt: clockAt(NOW_TICKS - 100) });
    expect(verdictOfLast([root, ours, subject], { manifests: [manifest('t1', [...base, ended])] })).toBe(verdict);
  });
});

describe('a record that ends a process', () => {
  const endedAs = (of: ProcessRow, extra: object = { by: ours }) =>
    entry('chroma-sync', of, { endedAt: clockAt(9_000), ...extra });
  const judged = (rows: ProcessRow[], entries: ReturnType<typeof entry>[], scene: Scene = {}) =>
    verdictOfLast(rows, { manifests: [manifest('t1', [...base, ...entries])], ...scene });

  test('makes it excess even if its environment is hidden, and names the time', () => {
    const hidden = { ...old, ...HIDDEN_MARKS };
    expect(judged([root, ours, hidden], [endedAs(hidden)])).toBe('excess');
    const manifests = [manifest('t1', [...base, endedAs(hidden)])];
    expect(evidenceOfLast([root, ours, hidden], { manifests })).toEqual(['let-go']);
  });

  test('makes it excess even without a recorded owner, if the root is alive', () => {
    expect(judged([root, ours, old], [endedAs(old, {})])).toBe('excess');
  });

  test('releases no process of a tree whose root is not known to be alive', () => {
    const rows = [{ ...ours, ppid: 1 }, old];
    expect(judged(rows, [endedAs(old)], { snapshot: { complete: false } })).not.toBe('excess');
  });

  test.each([
    [clockAt(3_199), 'managed'],
    ['x', 'managed'],
    [clockAt(3_200), 'excess'],
  ])('at %s, of a process registered at tick 3200, leaves it %s', (endedAt, verdict) => {
    expect(judged([root, ours, old], [endedAs(old, { by: ours, endedAt })])).toBe(verdict);
  });

  test('a record that ends a process ends wrapper and python that are both recorded as ended', () => {
    const manifests = [manifest('t1', [...base, endedAs(old), endedAs(oldPython, { by: old })])];
    expect(verdicts([root, ours, old, oldPython], { manifests })).toMatchObject({ 320: 'excess', 321: 'excess' });
  });

  test('a record that ends a wrapper does not end the entry of its python', () => {
    const search = searchServer(345, 320, { sid: 310, ...HIDDEN_MARKS });
    const entries = [endedAs(old), entry('search', search, { by: old })];
    expect(verdicts([root, ours, old, search], { manifests: [manifest('t1', [...base, ...entries])] })).toMatchObject({
      320: 'excess',
      345: 'managed',
    });
  });

  test('releases no process that the marks of its child prove to be a root', () => {
    const search = searchServer(340, 310, { sid: 310, ...marks('t1', ours, 'search') });
    const child = uv(350, 340, { sid: 310, ...marks('t2', search, 'chroma-search') });
    const ended = entry('search', search, { by: ours, endedAt: clockAt(9_000) });
    expect(judged([root, ours, search], [ended])).toBe('excess');
    expect(judged([root, ours, child, search], [ended])).not.toBe('excess');
  });
});

describe('a successor releases no process', () => {
  const subject = uv(340, 310, { ...inTree, ...bornAt(3_250) });
  const twin = worker(311, 300, { ...bornAt(3_100), ...marks('t1', root, 'worker') });
  const beside = (successor: ProcessRow, by: ProcessRow, last: ProcessRow = subject) =>
    verdictOfLast([root, ours, twin, successor, last], {
      manifests: [manifest('t1', [...base, entry('chroma-sync', successor, { by })])],
    });

  test('except of the same owner, as far as its marks are known', () => {
    expect(beside(current, ours)).toBe('excess');
    expect(beside({ ...current, ...HIDDEN_MARKS }, ours)).toBe('excess');
  });

  test.each<[string, ProcessRow, ProcessRow]>([
    ['is recorded under another process that was born in the same tick', current, twin],
    ['is recorded under an earlier process of that pid', current, { ...ours, ...bornAt(7) }],
    ['has the mark of another role', { ...current, roleMark: 'chroma-search' }, ours],
    ['has the mark of another owner', { ...current, ownerMark: ownerMark(root) }, ours],
  ])('a successor releases no process if it %s', (_which, successor, by) => {
    expect(beside(successor, by)).not.toBe('excess');
  });

  test('a successor releases no process under pid 1, if its owner is not known to be alive', () => {
    const last = { ...subject, ppid: 1, ownerMark: ownerMark(ours, { bootId: 'boot-x' }) };
    expect(beside(current, ours, last)).not.toMatch(/excess|orphan/);
  });
});

describe('a worker is of a past generation only', () => {
  const child = uv(340, 310, inTree);
  const otherRoot = supervisor(290, 1, { treeMark: 't2' });
  const ended = { by: root, endedAt: clockAt(9_000) };
  test.each<[string, ReturnType<typeof manifest>[], string]>([
    ['if its record is ended', [manifest('t1', [base[0]!, entry('worker', ours, ended)])], 'excess'],
    [
      'if every record of it is ended',
      [manifest('t1', [base[0]!, entry('worker', ours, ended), entry('worker', ours, { by: root })])],
      'managed',
    ],
    [
      'if its end comes after its registration',
      [manifest('t1', [base[0]!, entry('worker', ours, { by: root, endedAt: clockAt(3_099) })])],
      'managed',
    ],
    [
      'if its own tree records its end',
      [
        manifest('t1', base.slice(0, 1)),
        manifest('t2', [entry('supervisor', otherRoot), entry('worker', ours, { ...ended, by: otherRoot })]),
      ],
      'managed',
    ],
  ])('%s', (_which, manifests, verdict) => {
    const found = verdictOfLast([otherRoot, root, ours, child], { manifests });
    if (verdict === 'excess') expect(found).toBe(verdict);
    else expect(found).not.toMatch(/excess|orphan/);
  });
});

test('a marked process of a past generation is excess only if the root is known to be alive', () => {
  const past = worker(305, 300, marks('t1', root, 'worker'));
  const left = uv(306, 305, { sid: 305, ...marks('t1', past, 'chroma-sync') });
  const made = manifest('t1', [...base, entry('worker', past, { by: root, endedAt: clockAt(5_000) })]);
  expect(verdictOfLast([root, ours, past, left], { manifests: [made] })).toBe('excess');
  const rootless = { manifests: [made], answering: ['t1'] };
  expect(verdictOfLast([ours, past, left], rootless)).not.toBe('excess');
});

test('a worker replaced by its answering supervisor is excess', () => {
  const past = worker(305, 300, marks('t1', root, 'worker'));
  const made = manifest('t1', [entry('supervisor', root), entry('worker', ours, { by: root })]);
  expect(verdictOfLast([root, ours, past], { manifests: [made], answering: ['t1'] })).toBe('excess');
});

test('a python below the recorded wrapper of its role is not excess, even if the wrapper records another one later', () => {
  const byWrapper = { sid: 310, ...marks('t1', current, 'chroma-sync') };
  const [first, second] = [python(331, 330, byWrapper), python(332, 330, byWrapper)];
  const made = manifest('t1', [...replaced.entries, entry('chroma-sync', second, { by: current })]);
  expect(verdictOfLast([root, ours, current, second, first], { manifests: [made] })).toBe('managed');
});
