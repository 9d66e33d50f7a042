import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../scripts/leak/runs.mjs';

export interface TempDir {
  /** Resolved, and short: the path of a socket in it must be below 100 bytes. */
  readonly path: string;
  remove(): void;
}

/** Creates a private folder that the caller removes. */
export function createTempDir(): TempDir {
  const path = realpathSync(mkdtempSync(join(temporaryFolder(), 'cm-')));
  return {
    path,
    remove: () => {
      // A process that is exiting may still write to the folder.
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
}

/** Creates a private folder and removes it at the end of the test. */
export function tempDir(): string {
  const directory = createTempDir();
  onTestFinished(() => {
    directory.remove();
  });
  return directory.path;
}

/** Creates a private folder per test, or one per suite. Read the path inside hooks and tests only. */
export function useTempDir(each: 'test' | 'suite' = 'test'): () => string {
  let directory: TempDir | undefined;
  const [before, after] = each === 'test' ? [beforeEach, afterEach] : [beforeAll, afterAll];
  before(() => {
    directory = createTempDir();
  });
  after(() => {
    directory?.remove();
    directory = undefined;
  });
  return () => {
    if (directory === undefined) throw new Error('The temporary directory exists only while a test or hook runs.');
    return directory.path;
  };
}
