import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../scripts/leak/runs.mjs';

export interface TempDir {
  /** Resolved, and short: the path of a socket in it has to stay below 100 bytes. */
  readonly path: string;
  remove(): void;
}

/** A private directory that the caller removes. */
export function createTempDir(): TempDir {
  const path = realpathSync(mkdtempSync(join(temporaryFolder(), 'cm-')));
  return {
    path,
    remove: () => {
      // A process that is just ending may still write below it.
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
}

/** A private directory that is removed when the running test is over. */
export function tempDir(): string {
  const directory = createTempDir();
  onTestFinished(() => {
    directory.remove();
  });
  return directory.path;
}

/** A fresh private directory for each test of a suite, or one for the whole suite; read it inside hooks and tests only. */
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
