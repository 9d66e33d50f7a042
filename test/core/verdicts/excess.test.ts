import { describe, expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/snapshot.ts';
import {
  bornAt,
  clockAt,
  entry,
  manifest,
  marks,
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
  test('the earlier one is excess with what it started, the recorded one managed with what it started', () => {
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

  test('a recorded one’s ancestor or descendant is none', () => {
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

describe('let go: its own entry is ended, and it still runs', () => {
  const ended = manifest('t1', [...base, entry('chroma-sync', old, { by: ours, endedAt: clockAt(9_000) })]);

  test('is excess with what it started', () => {
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

  test('with its owner gone it is an orphan', () => {
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

  test('the worker that hangs and what it started are excess', () => {
    expect(verdicts([root, ours, old, oldPython, next], { manifests: [generations] })).toMatchObject({
      ...{ 300: 'managed', 310: 'excess', 320: 'excess', 321: 'excess', 360: 'managed' },
    });
  });

  test('with that worker gone they are orphans under the supervisor that adopted them', () => {
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

  test('what somebody runs in a terminal that was opened inside that generation is neither', () => {
    const tmux = row(380, 300, 'tmux new', { name: 'tmux: server', ...inTree, sid: 380 });
    const pane = row(381, 380, 'bash', { ...inTree, sid: 381 });
    for (const past of [[ours], []]) {
      const rows = [root, ...past, next, tmux, pane, uv(382, 381, { ...inTree, sid: 381, pgid: 382 })];
      expect(verdictOfLast(rows, { manifests: [generations] })).toBe('unverified');
    }
  });
});

test('nothing is excess that no record lets go of', () => {
  expect(verdicts([root, ours, old, current], { manifests: [manifest('t1', base)] })).toMatchObject({
    320: 'managed',
    330: 'managed',
  });
});
