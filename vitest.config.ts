import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Far above what any of them needs: a busy machine must not fail a test that waits for nothing but the processor.
const common = { environment: 'node' as const, testTimeout: 120_000, hookTimeout: 120_000 };

const real = { ...common, testTimeout: 120_000, hookTimeout: 180_000 };
const REAL = ['test/process/**', 'test/cli/**'];
const TREES = 'test/process/{chroma,search-server,tree,worker}-*.test.ts';
const HEAVY = 'test/**/*.heavy.test.ts';
/** Fast tests that replace modules. The other fast ones share the modules they import, which halves their time. */
const ISOLATED = filesWith(/\bvi\.(?:mock|doMock|resetModules)\(/);

export default defineConfig({
  test: {
    globalSetup: ['test/helpers/global-setup.ts'],
    reporters: ['default', './test/helpers/skipped-reporter.ts'],
    projects: [
      {
        test: {
          ...common,
          name: 'fast',
          isolate: false,
          maxWorkers: Math.max(2, availableParallelism() - 1),
          include: ['test/**/*.test.ts'],
          exclude: [...REAL, HEAVY, ...ISOLATED],
        },
      },
      {
        test: {
          ...common,
          name: 'isolated',
          maxWorkers: Math.max(2, availableParallelism() - 1),
          include: ISOLATED,
          exclude: [...REAL, HEAVY],
        },
      },
      {
        // Real processes and the built program, which mostly wait for each other: three files at a time, after the fast ones.
        test: {
          ...real,
          name: 'process',
          include: ['test/process/**/*.test.ts', 'test/cli/**/*.test.ts'],
          exclude: [TREES, HEAVY],
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Real trees, two files at a time. Each tree has a data dir, a port and marks of its own.
        test: {
          ...real,
          name: 'trees',
          include: [TREES],
          exclude: [HEAVY],
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // More of both, and what takes minutes: not part of `npm test`, see CONTRIBUTING.md.
        test: { ...real, name: 'heavy', include: [HEAVY], maxWorkers: 2, sequence: { groupOrder: 3 } },
      },
    ],
  },
});

/** The test files with a text that matches. */
function filesWith(pattern: RegExp): string[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .filter((file) => pattern.test(readFileSync(file, 'utf8')));
}
