import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { RUN_FOLDER } from './run-mark.ts';
import { createTempDir, tempDir, useTempDir } from './temp-dir.ts';

test('a temporary folder is private and short enough for the path of a socket', () => {
  const path = tempDir();
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(path.length).toBeLessThan(60);
});

test('a temporary folder is in the folder of the run, where a later run finds it', () => {
  expect(dirname(tempDir())).toBe(process.env[RUN_FOLDER]);
});

test('remove deletes a temporary folder with its contents', () => {
  const directory = createTempDir();
  directory.remove();
  expect(existsSync(directory.path)).toBe(false);
});

describe('useTempDir', () => {
  const seen: string[] = [];
  const directory = useTempDir();
  test.each([1, 2])('useTempDir gives each test its own folder (%i)', () => {
    expect(existsSync(directory())).toBe(true);
    seen.push(directory());
  });
  afterAll(() => {
    expect(new Set(seen).size).toBe(2);
    expect(seen.filter((path) => existsSync(path))).toEqual([]);
  });
});
