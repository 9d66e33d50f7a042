import { describe, expect, test } from 'vitest';
import { MemoryKeeper } from '../../../../src/platform/linux/table/memory-keeper.ts';
import type { RowDraft } from '../../../../src/platform/linux/table/row-reader.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../../../helpers/temp-dir.ts';

const row = (part: Partial<RowDraft> = {}): RowDraft => {
  return { pid: 7, ppid: 1, startedAt: '', name: 'uv', command: '', startTicks: 10, rssBytes: 4096, ...part };
};

function scene() {
  let now = 0;
  const directory = join(tempDir(), '7');
  mkdirSync(directory);
  const setPss = (kilobytes: number) => {
    writeFileSync(join(directory, 'smaps_rollup'), `Pss:  ${kilobytes} kB\nSwapPss:  0 kB\n`);
  };
  const keeper = new MemoryKeeper(() => now);
  setPss(1);
  const measure = (part: Partial<RowDraft> = {}) => keeper.measure(row(part), directory).pssBytes;
  expect(measure()).toBe(1024);
  setPss(2);
  return { keeper, measure, wait: (ms: number) => (now += ms) };
}

describe('memory', () => {
  test('memory is not measured again while the resident set is unchanged', () => {
    expect(scene().measure()).toBe(1024);
  });

  test.each<[string, Partial<RowDraft>]>([
    ['the resident set has changed', { rssBytes: 8192 }],
    ['another process has the pid', { startTicks: 11 }],
  ])('memory is measured again when %s', (_, part) => {
    expect(scene().measure(part)).toBe(2048);
  });

  test('memory is measured again once a minute', () => {
    const { measure, wait } = scene();
    wait(59_999);
    expect(measure()).toBe(1024);
    wait(1);
    expect(measure()).toBe(2048);
  });

  test('memory of a dead process is dropped from the cache', () => {
    const { keeper, measure } = scene();
    keeper.forgetAllBut(new Map());
    expect(measure()).toBe(2048);
  });
});
