import { describe, expect, test } from 'vitest';
import {
  sightAgain,
  sightingsBefore,
  type StartedProcess,
  type WatchedOrigin,
} from '../../../src/core/process/descent.ts';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import { bornAt, init, row, SELF_PID, snapshotOf } from '../builders.ts';

const self = row(SELF_PID, 1, 'claude-mem verify');
const daemon = row(9_100, SELF_PID, 'sleep 100');
const ALL_CHILDREN: WatchedOrigin = { pid: SELF_PID, claimsChildren: true, children: new Set() };

/** The processes found in the last of these readings. The first reading is older than every started process. */
function found(
  readings: readonly (readonly ProcessRow[])[],
  { origin = ALL_CHILDREN, marked = [] }: { origin?: WatchedOrigin; marked?: readonly number[] } = {},
): readonly (readonly [number, string])[] {
  const [before = snapshotOf([]), ...later] = readings.map((rows) => snapshotOf([init, self, ...rows]));
  const watching = { origin, marked: new Set(marked) };
  let seen = { sightings: sightingsBefore(before, origin), alive: [] as readonly StartedProcess[] };
  for (const reading of later) seen = { ...sightAgain(reading, seen.sightings, watching) };
  return seen.alive.map(({ row: { pid }, foundBy }) => [pid, foundBy]);
}

describe('what was started', () => {
  test('includes new descendants of the origin', () => {
    const old = row(9_050, SELF_PID, 'sleep 1');
    const below = row(9_101, 9_100, 'sleep 2');
    expect(found([[old], [old, daemon, below]])).toEqual([
      [9_100, 'descent'],
      [9_101, 'descent'],
    ]);
  });

  test('excludes later children of earlier processes', () => {
    const old = row(9_050, SELF_PID, 'sh');
    expect(found([[old], [old, row(9_200, 9_050, 'sleep 1')]])).toEqual([]);
  });

  test('excludes unknown children of an origin that also starts its own', () => {
    const origin = { ...ALL_CHILDREN, claimsChildren: false, children: new Set([9_100]) };
    expect(found([[], [daemon, row(9_300, SELF_PID, 'ps')]], { origin })).toEqual([[9_100, 'descent']]);
  });

  test('keeps a process whose parent dies, under any adopter', () => {
    const shell = row(9_100, SELF_PID, 'sh');
    const child = row(9_101, 9_100, 'sleep 100');
    expect(found([[], [shell, child], [{ ...child, ppid: 1 }]])).toEqual([[9_101, 'descent']]);
  });

  test('excludes a process that reuses a pid', () => {
    const other = { ...row(9_100, 1, 'sshd'), ...bornAt(95_000) };
    expect(found([[], [daemon], [other]])).toEqual([]);
  });

  test('excludes outside processes that the origin adopts, as pid 1 of a container does', () => {
    const shell = row(9_050, 0, 'bash');
    const service = row(9_060, 9_050, 'sleep 100');
    const late = row(9_300, 0, 'docker-exec sh');
    const job = row(9_310, 9_300, 'sleep 100');
    const adopted = [
      { ...service, ppid: SELF_PID },
      { ...job, ppid: SELF_PID },
    ];
    const below = row(9_320, 9_310, 'sleep 1');
    expect(
      found([
        [shell, service],
        [shell, service, late, job],
        [...adopted, below, daemon],
      ]),
    ).toEqual([[9_100, 'descent']]);
  });

  test('includes the adopted child of a parent that was never seen', () => {
    const child = row(9_101, 9_100, 'sleep 100');
    expect(found([[], [child], [{ ...child, ppid: SELF_PID }]])).toEqual([[9_101, 'descent']]);
  });

  test('includes marked processes under any parent', () => {
    expect(found([[], [row(9_400, 1, 'sleep 1')]], { marked: [9_400] })).toEqual([[9_400, 'mark']]);
  });

  test('excludes zombies, but includes their children', () => {
    const zombie = row(9_100, SELF_PID, 'sh', { state: 'Z' });
    expect(found([[], [zombie, row(9_101, 9_100, 'sleep 1')]])).toEqual([[9_101, 'descent']]);
  });
});
