import { describe, expect, test } from 'vitest';
import type { ProcessRow, ProcessSnapshot } from '../../../src/core/process/snapshot.ts';
import { findChanges, type Known } from '../../../src/operations/leaks/leak-changes.ts';
import { judgeReading } from '../../../src/operations/observe/observe.ts';
import { watchLeaks, type WatchReading } from '../../../src/operations/leaks/watch-leaks.ts';
import { ClaudeMemError } from '../../../src/shared/errors.ts';
import { DATA_DIR, init, row, snapshotOf } from '../../core/builders.ts';

const TREE = '11111111-2222-4333-8444-555555555555';
const marks = { treeMark: TREE, dataDirMark: DATA_DIR, roleMark: 'chroma-sync' };
const chroma = (pid: number, extra: Partial<ProcessRow> = {}) =>
  row(pid, 1, `python /bin/chroma-mcp --data-dir ${DATA_DIR}/vectors`, { ...marks, ...extra });

function see(rows: readonly ProcessRow[], extra: Partial<ProcessSnapshot> = {}) {
  return judgeReading({
    snapshot: snapshotOf([init, ...rows], extra),
    ...{ dataDir: DATA_DIR, manifests: [], damaged: [], otherRegistries: [], answering: [] },
  });
}

const none: Known = new Map();
const listChanges = ({ changes }: ReturnType<typeof findChanges>) =>
  changes.map(({ kind, judgement }) => `${judgement.row.pid} ${kind}`);

describe('the changes between two readings', () => {
  const before = findChanges(none, see([chroma(500)])).known;

  test('the changes between two readings are empty without a change', () => {
    expect(listChanges(findChanges(before, see([chroma(500)])))).toEqual([]);
  });

  test('the changes between two readings are one appeared and one ended process', () => {
    expect(listChanges(findChanges(before, see([chroma(600)])))).toEqual(['600 appeared', '500 ended']);
  });

  test('the changes between two readings are an ended and an appeared process if a pid is reused', () => {
    expect(listChanges(findChanges(before, see([chroma(500, { startTicks: 9_000_000 })])))).toEqual([
      '500 appeared',
      '500 ended',
    ]);
  });

  test('the changes between two readings are a new verdict if a process becomes a zombie', () => {
    const { changes } = findChanges(before, see([chroma(500, { state: 'Z', threads: 1 })]));
    expect(changes).toMatchObject([{ kind: 'verdict', to: 'zombie' }]);
  });

  test('the changes between two readings are unlisted, not ended, for a live process without a verdict', () => {
    expect(listChanges(findChanges(before, see([row(500, 1, 'sleep 1')])))).toEqual(['500 unlisted']);
  });

  test('the changes between two readings are no end for a process missing from an incomplete listing, until a complete one misses it', () => {
    const blind = findChanges(before, see([], { complete: false }));
    expect(listChanges(blind)).toEqual([]);
    expect(listChanges(findChanges(blind.known, see([chroma(500)])))).toEqual([]);
    expect(listChanges(findChanges(blind.known, see([])))).toEqual(['500 ended']);
  });
});

describe('a watch', () => {
  const failed = new ClaudeMemError('process-table-unreadable', 'no');

  async function watch(script: readonly (ReturnType<typeof see> | Error)[], count?: number) {
    const left = [...script];
    const readings: WatchReading[] = [];
    const observe = () => {
      const next = left.shift();
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next!);
    };
    const wait = () => Promise.resolve(left.length > 0);
    for await (const reading of watchLeaks({ observe, wait }, { count })) readings.push(reading);
    return readings;
  }

  test('reports no change at its first reading, and continues after a failed one', async () => {
    const readings = await watch([see([chroma(500)]), failed, see([])]);
    expect(readings.map(({ number, changes }) => [number, changes.length])).toEqual([
      [1, 0],
      [2, 0],
      [3, 1],
    ]);
    expect(readings[1]?.seen).toBe(failed);
  });

  test('a watch ends after the given number of readings, failed ones included', async () => {
    expect(await watch([see([]), failed, see([])], 2)).toHaveLength(2);
  });

  test('throws if its first reading fails', async () => {
    await expect(watch([failed])).rejects.toBe(failed);
  });

  test('rethrows a bug', async () => {
    await expect(watch([see([]), new TypeError('a bug')])).rejects.toThrow('a bug');
  });
});
