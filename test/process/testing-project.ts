import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { runProgram } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BEHAVIOUR = join(ROOT, 'test/fixtures/testing/behaviour.cjs');
export const COUNT = 8;

export const PLAY = `for (const [name, play] of Object.entries(behaviour(testing))) test(name, play);`;
export const REQUIRED = `const testing = require('claude-mem-cli/testing'); const { behaviour } = require(${JSON.stringify(BEHAVIOUR)});`;
export const IMPORTED = `import * as testing from 'claude-mem-cli/testing'; import { behaviour } from ${JSON.stringify(BEHAVIOUR)};`;

/** A user's project with the package installed. */
export function aProject(files: Readonly<Record<string, string>>): string {
  const folder = tempDir();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'claude-mem-cli'));
  for (const name of ['vitest', 'typescript', '@types']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Runs code in a test file of Vitest, which has to report this number of passed tests. */
export async function expectToPassInVitest(pool: string, play: string, count: number): Promise<void> {
  const cwd = aProject({ 'a.test.mjs': `import { test } from 'vitest'; ${IMPORTED} ${play}` });
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--pool', pool, '--root', cwd, '--testTimeout', '30000'];
  const { stdout, stderr, status } = await runProgram(process.execPath, args, { home: cwd, cwd });
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toContain(`${count} passed`);
}
