import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/core/tree/manifest.ts';
import type { OtherRegistry, ProcessSnapshot } from '../../src/core/process/snapshot.ts';
import { judgeSnapshot, verdictsOf } from './builders.ts';

interface Recording extends Omit<ProcessSnapshot, 'source'> {
  readonly dataDir: string;
  readonly manifests: readonly Manifest[];
  readonly otherRegistries: readonly OtherRegistry[];
}

const TEN_MINUTES_TICKS = 60_000;

function read(name: string): Recording {
  const text = readFileSync(new URL(`../fixtures/recordings/plugin-${name}.json`, import.meta.url), 'utf8');
  return JSON.parse(text) as Recording;
}

function judgeRecording(name: string, laterByTicks = 0) {
  const { dataDir, manifests, otherRegistries: registries, ...reading } = read(name);
  const snapshot = { ...reading, source: 'file', nowTicks: (reading.nowTicks ?? 0) + laterByTicks };
  return judgeSnapshot(snapshot, { dataDir, manifests, registries });
}

describe('the published plugin, recorded', () => {
  const live = { 20171: 'foreign', 20218: 'foreign', 20238: 'foreign' };
  test.each([
    ['live', 'nothing to reap', live, live],
    [
      'worker-killed',
      'uv and python are left',
      { 20218: 'orphan', 20238: 'orphan' },
      { 20218: 'orphan', 20238: 'orphan' },
    ],
    [
      'wrapper-killed',
      'half proven',
      { 20260: 'foreign', 20323: 'unverified' },
      { 20260: 'foreign', 20323: 'unverified' },
    ],
    [
      'stopped',
      'proven once it is old enough',
      { 20260: 'zombie', 20323: 'unverified' },
      { 20260: 'zombie', 20323: 'orphan' },
    ],
    [
      'reconnected',
      'the python of a killed uv is left below a live worker',
      { 17623: 'foreign', 17683: 'orphan', 20508: 'foreign', 20578: 'foreign' },
      { 17623: 'foreign', 17683: 'orphan', 20508: 'foreign', 20578: 'foreign' },
    ],
    [
      'reconnected-killed',
      'that python, and the uv and python of the killed worker are left',
      { 17623: 'zombie', 17683: 'orphan', 20508: 'orphan', 20578: 'orphan' },
      { 17623: 'zombie', 17683: 'orphan', 20508: 'orphan', 20578: 'orphan' },
    ],
  ])('%s: %s', (name, _truth, atOnce, later) => {
    expect(verdictsOf(judgeRecording(name))).toEqual(atOnce);
    expect(verdictsOf(judgeRecording(name, TEN_MINUTES_TICKS))).toEqual(later);
  });

  test.each([0, TEN_MINUTES_TICKS])('restarted: nothing to reap, %i ticks later', (later) => {
    const found = judgeRecording('restarted', later);
    expect(found).toHaveLength(3);
    expect(new Set(found.map(({ verdict }) => verdict))).toEqual(new Set(['foreign']));
  });

  test('worker-killed: the evidence names the worker that is gone', () => {
    const [wrapper, python] = judgeRecording('worker-killed');
    expect(wrapper?.evidence.find(({ kind }) => kind === 'worker-gone')?.detail).toMatch(
      /^its session was led by worker pid 20171, which .+ records and which is gone$/,
    );
    expect(python?.evidence.map(({ kind }) => kind)).toEqual(['started-by-orphan']);
  });
});
