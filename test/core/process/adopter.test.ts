import { describe, expect, test } from 'vitest';
import { adoptionOf, isStranded, leads } from '../../../src/core/process/adopter.ts';
import type { ProcessRow, ProcessSnapshot } from '../../../src/core/process/snapshot.ts';
import { asPsListShows, bornAt, indexOf, init, row, shell, systemdUser, terminal, without } from '../builders.ts';

function adoption(subject: ProcessRow, others: readonly ProcessRow[], extra: Partial<ProcessSnapshot> = {}) {
  return adoptionOf(subject, indexOf([init, systemdUser, terminal, shell, ...others, subject], extra));
}

const dead = 400;

describe('adoption is proven', () => {
  test.each<[string, number, ProcessRow[]]>([
    ['by pid 1', 1, []],
    ['by systemd --user', systemdUser.pid, []],
    ['by a WSL relay', 80, [row(80, 1, '/init', { name: 'Relay(81)' })]],
    ['by WSL’s init of a distribution', 80, [row(80, 1, '/init', { name: 'init(Ubuntu)' })]],
    ['by launchd', 80, [row(80, 0, '/sbin/launchd', { name: 'launchd' })]],
    ['by a subreaper that leads a session of its own', 80, [row(80, 70, '/usr/bin/reaper', { name: 'reaper' })]],
    ['by a subreaper that is in another session', 81, [row(80, 70, 'a'), row(81, 80, 'reaper', { sid: 80 })]],
    ['without an adopter, because its parent is gone', 99, []],
    ['without an adopter, because the pid of its parent was reused', 600, [row(600, 1, 'young', bornAt(9_000))]],
  ])('%s', (_by, ppid, others) => {
    expect(adoption(row(500, ppid, 'x', { sid: dead }), others)).toBeTypeOf('string');
  });
});

describe('adoption is not proven for a process', () => {
  test.each<[string, ProcessRow, ProcessRow[]]>([
    ['in the same session', row(500, 70, 'x', { sid: 70 }), []],
    ['in a job of its own in the same session', row(500, 70, 'x', { sid: 70, pgid: 500 }), []],
    ['the second of a pipeline whose first has ended', row(500, 70, 'x', { sid: 70, pgid: 499 }), []],
    ['started with setsid', row(500, 70, 'x'), []],
    ['the leader of a terminal’s session', row(500, 60, 'x'), []],
    ['leading a group, of another session', row(500, 70, 'x', { sid: 400, pgid: 500 }), []],
    ['in a tmux pane', row(500, 80, 'x'), [row(80, 1, 'tmux', { name: 'tmux: server' })]],
    ['something named like an adopter by its arguments', row(500, 80, 'x', { sid: 80 }), [row(80, 70, 'vim systemd')]],
    ['from outside this pid namespace', row(500, 0, 'x', { sid: 400 }), []],
  ])('%s', (_which, subject, others) => {
    expect(adoption(subject, others)).toBeUndefined();
  });

  test('a parent that an incomplete listing does not show', () => {
    expect(adoption(row(500, 99, 'x', { sid: dead }), [], { complete: false })).toBeUndefined();
  });

  test('a process in another group, if sessions are unknown', () => {
    const piped = asPsListShows(row(500, 70, 'x', { sid: 70, pgid: 499 }));
    expect(adoption(piped, [])).toBeUndefined();
    expect(adoption(row(500, 70, 'x', { sid: dead }), [asPsListShows(shell)])).toBeUndefined();
  });
});

test.each([
  [{ pgid: 500, sid: 400 }, true],
  [{ pgid: 400, sid: 500 }, true],
  [{ pgid: 400, sid: 400 }, false],
])('%j leads: %s', (place, expected) => {
  expect(leads(row(500, 1, 'x', place))).toBe(expected);
});

test('whether a process leads is unknown without session and group', () => {
  expect(leads(without(row(500, 1, 'x'), 'pgid', 'sid'))).toBeUndefined();
});

test.each([
  ['shares its session', row(500, systemdUser.pid, 'x', { sid: systemdUser.pid })],
  ['leads a session', row(500, systemdUser.pid, 'x')],
])('a child of a named adopter has been adopted even if it %s', (_how, subject) => {
  expect(adoption(subject, [])).toBe('re-parented to pid 50 (systemd), which adopts orphans');
});

test.each([
  ['lost its parent and leads nothing', row(500, 1, 'x', { sid: dead }), true],
  ['lost its parent and leads a session', row(500, 1, 'x'), false],
  ['is where it was started', row(500, 70, 'x', { sid: 70 }), false],
  ['has a place that is not known', { ...without(row(500, 1, 'x'), 'pgid', 'sid') }, false],
])('a process is stranded only if adopted and not a leader: one that %s: %s', (_which, subject, expected) => {
  expect(isStranded(subject, indexOf([init, systemdUser, terminal, shell, subject]))).toBe(expected);
});

test('a session leader leads even if its group is unknown', () => {
  expect(leads(without(row(500, 1, 'x', { sid: 500 }), 'pgid'))).toBe(true);
});

test('the evidence of adoption names pid 1 if its name is known', () => {
  const subject = row(500, 1, 'x', { sid: dead });
  expect(adoptionOf(subject, indexOf([init, subject]))).toBe('re-parented to pid 1 (systemd)');
  expect(adoptionOf(subject, indexOf([subject]))).toBe('re-parented to pid 1');
  expect(adoptionOf(subject, indexOf([{ ...init, name: '' }, subject]))).toBe('re-parented to pid 1');
});
