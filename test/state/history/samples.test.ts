import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Sample } from '../../../src/core/health/sample.ts';
import { openSampleStore, readSamples } from '../../../src/state/history/samples.ts';
import { formatSample, parseSample } from '../../../src/state/history/sample-text.ts';
import { aSample } from '../../core/a-sample.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const STEP_MS = 5_000;
const FIRST_MS = 1_764_000_000_000;

/** The sample of the given five-second step. */
function at(step: number, changes: Partial<Sample> = {}): Sample {
  const elapsedMs = step * STEP_MS;
  return aSample({ takenAtMs: FIRST_MS + elapsedMs, uptimeMs: 60_000 + elapsedMs, ...changes });
}

function write(dataDir: string, from: number, until: number): void {
  const store = openSampleStore(dataDir);
  for (let step = from; step < until; step += 1) store.append(at(step));
}

const fine = (dataDir: string) => join(dataDir, 'samples', 'fine.ring');
const coarse = (dataDir: string) => join(dataDir, 'samples', 'coarse.ring');

/** The steps that have a sample; a coarse one counts as its last step. */
function stepsOf(dataDir: string): readonly number[] {
  return readSamples(dataDir).samples.map(({ takenAtMs }) => (takenAtMs - FIRST_MS) / STEP_MS);
}

test('a data dir without samples has no damaged ones', () => {
  expect(readSamples(tempDir())).toEqual({ samples: [], damaged: 0, unreadable: [] });
});

test('samples are read back, also after the next writer, and the files are private', () => {
  const dataDir = tempDir();
  write(dataDir, 0, 3);
  write(dataDir, 3, 5);
  expect(readSamples(dataDir).samples).toEqual([0, 1, 2, 3, 4].map((step) => at(step)));
  expect(statSync(fine(dataDir)).mode & 0o777).toBe(0o600);
  expect(statSync(join(dataDir, 'samples')).mode & 0o777).toBe(0o700);
});

test('a sample of all roles with the largest values fits into a slot', () => {
  const dataDir = tempDir();
  const use = { processes: 99_999, memoryBytes: 999_999_999_999, cpuPercent: 9_999.9 };
  const names = ['supervisor', 'worker', 'search', 'chroma-sync', 'chroma-search', 'setup', 'other'] as const;
  const sample = at(0, {
    roles: Object.fromEntries(names.map((name) => [name, use])),
    state: 'stopping',
    restarts: 99_999,
    orphans: 99_999,
    excess: 99_999,
    leakedBytes: 999_999_999_999,
    spanMs: 300_000,
    uptimeMs: 9_999_999_999,
  });
  openSampleStore(dataDir).append(sample);
  expect(readSamples(dataDir).samples).toEqual([sample]);
});

describe('after more than six hours', () => {
  test('old samples are kept every five minutes and new ones completely, without a gap and in bounded files', () => {
    const dataDir = tempDir();
    const count = 5_000;
    write(dataDir, 0, count);
    const steps = stepsOf(dataDir);
    expect(steps.at(-1)).toBe(count - 1);
    expect(steps.slice(-4_200)).toEqual(Array.from({ length: 4_200 }, (_, index) => count - 4_200 + index));
    const older = steps.filter((step) => step < count - 4_320);
    expect(older.slice(0, 3)).toEqual([59, 119, 179]);
    const { samples } = readSamples(dataDir);
    const holes = samples.slice(1).filter((sample, position) => {
      return sample.uptimeMs - sample.spanMs !== samples[position]?.uptimeMs;
    });
    expect(holes).toEqual([]);
    expect(statSync(fine(dataDir)).size).toBe(4_320 * 512);
    expect(statSync(coarse(dataDir)).size).toBeLessThan(4_032 * 512);
  });

  test('a lost file of fine samples is recreated, and the coarse samples continue', () => {
    const dataDir = tempDir();
    write(dataDir, 0, 200);
    rmSync(fine(dataDir));
    expect(stepsOf(dataDir)).toEqual([59, 119, 179]);
    write(dataDir, 200, 203);
    expect(stepsOf(dataDir)).toEqual([59, 119, 179, 200, 201, 202]);
  });
});

test('a coarse sample covers no time in which nothing ran', () => {
  const dataDir = tempDir();
  write(dataDir, 0, 10);
  write(dataDir, 100, 170);
  rmSync(fine(dataDir));
  expect(readSamples(dataDir).samples.map(({ spanMs }) => spanMs / STEP_MS)).toEqual([10, 60]);
});

describe('damage', () => {
  test('torn and overwritten slots are skipped and counted, and the next writer continues', () => {
    const dataDir = tempDir();
    write(dataDir, 0, 6);
    const bytes = readFileSync(fine(dataDir));
    bytes.fill('#', 512 + 100, 512 + 110);
    bytes.fill(0, 3 * 512 + 256, 4 * 512);
    writeFileSync(fine(dataDir), bytes.subarray(0, 5 * 512 + 17));
    expect(stepsOf(dataDir)).toEqual([0, 2, 4]);
    expect(readSamples(dataDir).damaged).toBe(3);
    write(dataDir, 6, 8);
    expect(stepsOf(dataDir).slice(-2)).toEqual([6, 7]);
  });

  test.each([
    ['noise', Buffer.alloc(40_000, 'noise')],
    ['nothing', Buffer.alloc(0)],
    ['another version', Buffer.from('{"n":1,"v":2}')],
  ])('a file that contains %s does not prevent reading and writing', (_, content) => {
    const dataDir = tempDir();
    mkdirSync(join(dataDir, 'samples'));
    writeFileSync(fine(dataDir), content);
    writeFileSync(coarse(dataDir), content);
    expect(readSamples(dataDir).samples).toEqual([]);
    write(dataDir, 0, 2);
    expect(stepsOf(dataDir)).toEqual([0, 1]);
  });

  test('a folder or pipe in place of a file is named by the reader and refused by the writer, without blocking', () => {
    const dataDir = tempDir();
    mkdirSync(fine(dataDir), { recursive: true });
    expect(spawnSync('mkfifo', [coarse(dataDir)]).status).toBe(0);
    expect(readSamples(dataDir).unreadable.map(({ file }) => file)).toEqual([coarse(dataDir), fine(dataDir)]);
    expect(() => {
      write(dataDir, 0, 1);
    }).toThrow();
    rmSync(fine(dataDir), { recursive: true });
    rmSync(coarse(dataDir));
    write(dataDir, 0, 1);
    expect(stepsOf(dataDir)).toEqual([0]);
  });
});

test('the leaked memory of a sample of an earlier version is unknown', () => {
  const text = formatSample({ sequence: 7, sample: at(7, { leakedBytes: 5 }) });
  const earlier = text.replace(',"l":5', '');
  expect(earlier).not.toBe(text);
  expect(parseSample(earlier)).toEqual({ sequence: 7, sample: at(7, { leakedBytes: null }) });
});
