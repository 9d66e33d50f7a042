import { describe, expect, test } from 'vitest';
import {
  ageSeconds,
  compareIdentity,
  formatOwnerMark,
  isBornAfter,
  isNotYounger,
  isZombie,
  lookUpIdentity,
  namespaceDigits,
  parseOwnerMark,
  storedIdentity,
  type Identity,
} from '../../../src/core/process/identity.ts';
import type { ProcessRow, ProcessSnapshot } from '../../../src/core/process/snapshot.ts';
import {
  asPsListShows,
  bornAt,
  BOOT,
  clockAt,
  indexOf,
  MACHINE,
  NAMESPACE,
  NOW_TICKS,
  psListSnapshotOf,
  row,
  snapshotOf,
  without,
} from '../builders.ts';

const HERE = { machineId: MACHINE, bootId: BOOT, pidNamespace: NAMESPACE };
const subject = row(100, 1, 'sleep 1', bornAt(5_000));
const stored: Identity = { pid: 100, startTicks: 5_000, startedAt: clockAt(5_000), scope: HERE };
const registered: Identity = { pid: 100, startedAt: clockAt(5_000), isRegistration: true };

function lookUp(identity: Identity, rows: readonly ProcessRow[], extra: Partial<ProcessSnapshot> = {}) {
  const index = indexOf(rows, extra);
  return lookUpIdentity(identity, index.snapshot, index.byPid);
}

describe('looking up a stored identity', () => {
  test.each<[string, Identity, Partial<ProcessSnapshot>, string]>([
    ['same boot, pid and ticks: alive', stored, {}, 'alive'],
    ['other ticks under the pid: gone', { ...stored, startTicks: 4_999 }, {}, 'gone'],
    ['alive with equal ticks although the clock was set', { ...stored, startedAt: clockAt(9_999_999) }, {}, 'alive'],
    ['no such pid in a complete listing: gone', { ...stored, pid: 101 }, {}, 'gone'],
    ['no such pid in an incomplete listing: unknown', { ...stored, pid: 101 }, { complete: false }, 'unknown'],
    ['gone with other ticks, even in an incomplete listing', { ...stored, startTicks: 1 }, { complete: false }, 'gone'],
    ['another boot of this machine: gone', { ...stored, scope: { ...HERE, bootId: 'boot-0' } }, {}, 'gone'],
    [
      'unknown on another boot of another machine',
      { ...stored, scope: { ...HERE, bootId: 'b', machineId: 'm' } },
      {},
      'unknown',
    ],
    [
      'unknown on another boot without machine ids',
      { ...stored, scope: { ...HERE, bootId: 'b', machineId: undefined } },
      { machineId: undefined },
      'unknown',
    ],
    [
      'unknown on another boot without a recorded machine id',
      { ...stored, scope: { ...HERE, bootId: 'b', machineId: undefined } },
      {},
      'unknown',
    ],
    [
      'unknown on another boot without a machine id here',
      { ...stored, scope: { ...HERE, bootId: 'b' } },
      { machineId: undefined },
      'unknown',
    ],
    [
      'alive on the same boot, even with another machine id',
      { ...stored, scope: { ...HERE, machineId: 'm' } },
      {},
      'alive',
    ],
    ['boot id recorded, none here: unknown', stored, { bootId: undefined as never }, 'unknown'],
    ['boot id here, none recorded: unknown', { ...stored, scope: { ...HERE, bootId: undefined } }, {}, 'unknown'],
    [
      'unknown in another pid namespace, even with equal pid and ticks',
      { ...stored, scope: { ...HERE, pidNamespace: '4' } },
      {},
      'unknown',
    ],
    [
      'unknown in another pid namespace without such a pid',
      { ...stored, pid: 7, scope: { ...HERE, pidNamespace: '4' } },
      {},
      'unknown',
    ],
    ['namespace recorded, none here: unknown', stored, { pidNamespace: undefined as never }, 'unknown'],
    [
      'unknown without a recorded pid namespace',
      { ...stored, scope: { ...HERE, pidNamespace: undefined } },
      {},
      'unknown',
    ],
    [
      'alive if pid:[n] is recorded and n is read',
      { ...stored, scope: { ...HERE, pidNamespace: `pid:[${NAMESPACE}]` } },
      {},
      'alive',
    ],
    ['ticks recorded, none here: unknown', stored, { processes: [asPsListShows(subject)] }, 'unknown'],
    ['ticks here, none recorded: unknown', { pid: 100, startedAt: clockAt(5_000), scope: HERE }, {}, 'unknown'],
  ])('%s', (_law, identity, extra, presence) => {
    expect(lookUp(identity, [subject], extra)).toBe(presence);
  });

  test('fields that both sides lack are not compared', () => {
    const index = indexOf([subject]);
    const snapshot = without(index.snapshot, 'bootId', 'pidNamespace');
    expect(lookUpIdentity({ ...stored, scope: {} }, snapshot, index.byPid)).toBe('alive');
  });

  test('a zombie is gone', () => {
    expect(lookUp(stored, [{ ...subject, state: 'Z' }])).toBe('gone');
  });

  test('a dead main thread with live other threads is alive', () => {
    expect(lookUp(stored, [{ ...subject, state: 'Z', threads: 3 }])).toBe('alive');
  });

  test.each([
    ['by a day forward', 8_640_000],
    ['by a day back', -8_640_000],
  ])('without ticks a clock set %s proves no death', (_which, ticks) => {
    const shown = row(100, 1, 'sleep 1', { startedAt: clockAt(5_000 + ticks) });
    const snapshot = psListSnapshotOf([shown]);
    const identity: Identity = { pid: 100, startedAt: clockAt(5_000), scope: {} };
    expect(compareIdentity(identity, asPsListShows(shown), snapshot)).toBe('unknown');
    expect(compareIdentity({ ...identity, startTicks: 5_000 }, asPsListShows(shown), snapshot)).toBe('unknown');
  });

  test('without ticks on either side the same start within the precision of the reader is the same process', () => {
    const snapshot = psListSnapshotOf([subject]);
    const identity = { pid: 100, startedAt: clockAt(5_000 + 150), scope: {} };
    expect(compareIdentity(identity, asPsListShows(subject), snapshot)).toBe('same');
  });
});

describe('a record with only a registration time', () => {
  test.each<[string, Identity, ProcessRow, string]>([
    ['born before it: perhaps that process', registered, row(100, 1, 'x', bornAt(4_000)), 'unknown'],
    ['born after it: another process', registered, row(100, 1, 'x', bornAt(5_100)), 'different'],
    [
      'a start token decides alone: same',
      { ...registered, startTicks: 6_000 },
      row(100, 1, 'x', bornAt(6_000)),
      'same',
    ],
    [
      'a start token decides alone: different',
      { ...registered, startTicks: 1 },
      row(100, 1, 'x', bornAt(4_000)),
      'different',
    ],
    ['another pid', registered, row(101, 1, 'x', bornAt(4_000)), 'different'],
    ['neither time nor token', { pid: 100, isRegistration: true }, row(100, 1, 'x'), 'unknown'],
  ])('%s', (_law, identity, candidate, comparison) => {
    expect(compareIdentity(identity, candidate, snapshotOf([candidate]))).toBe(comparison);
  });

  test('the precision of the reader is left open', () => {
    const shown = row(100, 1, 'x', bornAt(5_150));
    expect(compareIdentity(registered, asPsListShows(shown), psListSnapshotOf([shown]))).toBe('unknown');
  });
});

describe('owner marks', () => {
  test('what is formatted is parsed', () => {
    const mark = formatOwnerMark({ pid: 4_711, startTicks: 99 }, { bootId: 'b', pidNamespace: '42' });
    expect(parseOwnerMark(mark)).toEqual({ pid: 4_711, startTicks: 99, scope: { bootId: 'b', pidNamespace: '42' } });
  });

  test.each(['', 'x', '4711', '4711:99', '4711:99:b', ':99:b:n', '0:99:b:n', '-1:9:b:n', '1.5:9:b:n', null, undefined])(
    '%j is none',
    (mark) => {
      expect(parseOwnerMark(mark)).toBeUndefined();
    },
  );

  test.each<[string, Partial<ProcessSnapshot>, string]>([
    [`77:1:${BOOT}:${NAMESPACE}`, {}, 'gone'],
    [`77:1:${BOOT}:${NAMESPACE}`, { complete: false }, 'unknown'],
    [`77:1:boot-0:${NAMESPACE}`, {}, 'unknown'],
    [`77:1:${BOOT}:4`, {}, 'unknown'],
    [`77:1::`, {}, 'unknown'],
    [`100:5000:${BOOT}:pid:[${NAMESPACE}]`, {}, 'alive'],
  ])('%s with %j is %s', (mark, extra, presence) => {
    expect(lookUp(parseOwnerMark(mark)!, [subject], extra)).toBe(presence);
  });
});

test('an entry takes from its manifest what it lacks, and no more', () => {
  expect(storedIdentity({ pid: 1, startedAt: 'x' }, HERE).scope).toEqual(HERE);
  expect(storedIdentity({ pid: 1, startedAt: 'x', bootId: 'own' }, HERE).scope).toEqual({ ...HERE, bootId: 'own' });
});

describe('a zombie', () => {
  test.each([
    [{ state: 'Z', threads: 1 }, true],
    [{ state: 'Z', threads: 0 }, true],
    [{ state: 'Z' }, true],
    [{ state: 'Z', threads: 2 }, false],
    [{ state: 'X', threads: 1 }, true],
    [{ state: 'S', threads: 1 }, false],
    [{ state: 'D' }, false],
    [{ state: 'T' }, false],
    [{}, false],
  ])('%j: %s', (candidate, expected) => {
    expect(isZombie(candidate)).toBe(expected);
  });
});

describe('age', () => {
  const old = row(100, 1, 'x', bornAt(NOW_TICKS - 500));

  test('age is counted in ticks; a clock that was set makes nothing old', () => {
    expect(ageSeconds(old, snapshotOf([old], { takenAt: '2036-01-01T00:00:00.000Z' }))).toBe(5);
    expect(ageSeconds({ ...old, startedAt: '1970-01-01T00:00:00.000Z' }, snapshotOf([old]))).toBe(5);
  });

  test('age is counted from the snapshot where there are no ticks', () => {
    expect(ageSeconds(asPsListShows(old), psListSnapshotOf([old]))).toBe(5);
  });

  test.each([
    ['born after now', bornAt(NOW_TICKS + 100)],
    ['a start that is no date', { startTicks: undefined as never, startedAt: '' }],
  ])('%s is age 0', (_which, start) => {
    expect(ageSeconds({ ...old, ...start }, snapshotOf([]))).toBe(0);
  });
});

describe('comparing a recorded identity with a row', () => {
  const compare = (scope: Identity['scope']) =>
    compareIdentity(
      scope === undefined ? without(stored, 'scope') : { ...stored, scope },
      subject,
      snapshotOf([subject]),
    );

  test.each<[string, Identity['scope'], string]>([
    ['recorded here', HERE, 'same'],
    ['recorded without a scope', undefined, 'same'],
    ['of another boot of this machine', { ...HERE, bootId: 'boot-0' }, 'different'],
    ['of another machine', { ...HERE, bootId: 'b', machineId: 'm' }, 'unknown'],
    ['of another pid namespace', { ...HERE, pidNamespace: '4' }, 'unknown'],
  ])('an identity with this pid and these ticks, %s, is %s', (_which, scope, expected) => {
    expect(compare(scope)).toBe(expected);
  });

  test('one clock time on both sides is the same start, where the reader has neither ticks nor imprecision', () => {
    const shown = asPsListShows(subject);
    const snapshot = psListSnapshotOf([subject], { startPrecisionMs: 0 });
    const identity = { pid: 100, startedAt: shown.startedAt };
    expect(compareIdentity(identity, shown, snapshot)).toBe('same');
    expect(compareIdentity({ ...identity, startedAt: clockAt(5_001) }, shown, snapshot)).toBe('unknown');
  });
});

describe('which of two started earlier', () => {
  const early = row(100, 1, 'x', bornAt(5_000));
  const late = row(101, 1, 'x', bornAt(5_001));
  const precise = snapshotOf([]);
  const noTicks = (of: ProcessRow): ProcessRow => without(of, 'startTicks');
  const isNot = (earlier: ProcessRow, later: ProcessRow, snapshot = precise) => isNotYounger(earlier, later, snapshot);

  test('which of two started earlier is decided by ticks if the clock disagrees', () => {
    const clockSetBack = { ...late, startedAt: clockAt(1) };
    expect([isNot(early, clockSetBack), isNot(clockSetBack, early), isNot(early, early)]).toEqual([true, false, true]);
  });

  test('which of two started earlier is decided by the clock if either has no ticks, and of two that started together neither is younger', () => {
    for (const [left, right] of [
      [noTicks, noTicks],
      [noTicks, (of: ProcessRow) => of],
      [(of: ProcessRow) => of, noTicks],
    ] as const) {
      expect([isNot(left(early), right(late)), isNot(left(late), right(early))]).toEqual([true, false]);
      expect(isNot(left(early), right({ ...late, startedAt: early.startedAt }))).toBe(true);
    }
  });

  test('which of two started earlier is open within the precision of the clock', () => {
    const second = snapshotOf([], { startPrecisionMs: 1_000 });
    const after = (ticks: number) => noTicks(row(102, 1, 'x', bornAt(5_000 + ticks)));
    expect([100, 101].map((ticks) => isNot(after(ticks), noTicks(early), second))).toEqual([true, false]);
    expect(isNot(after(1), noTicks(early), without(precise, 'startPrecisionMs'))).toBe(false);
  });
});

test('a process is born after a registration only if more than 250 ms lie between', () => {
  expect(
    [25, 26].map((ticks) => isBornAfter(row(1, 0, 'x', bornAt(5_000 + ticks)), clockAt(5_000), snapshotOf([]))),
  ).toEqual([false, true]);
});

test('an age is measured by the clock if the row or the table has no ticks', () => {
  const clock = row(100, 1, 'x', { startTicks: 1, startedAt: clockAt(NOW_TICKS - 500) });
  expect(ageSeconds(without(clock, 'startTicks'), snapshotOf([]))).toBe(5);
  expect(ageSeconds(clock, without(snapshotOf([]), 'nowTicks'))).toBe(5);
});

test('an owner mark without boot and namespace says nothing of either', () => {
  expect(parseOwnerMark('5:77::')).toEqual({
    pid: 5,
    startTicks: 77,
    scope: { bootId: undefined, pidNamespace: undefined },
  });
});

test.each(['xpid:[4]', 'pid:[4]x'])('namespaceDigits leaves %s as it is', (text) => {
  expect(namespaceDigits(text)).toBe(text);
});
