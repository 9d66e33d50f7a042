import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runProgram } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BEHAVIOUR = join(ROOT, 'test/fixtures/testing/behaviour.cjs');
const COUNT = 4;

/** A user's project with the package installed. */
function aProject(files: Readonly<Record<string, string>>): string {
  const folder = tempDir();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'claude-mem-cli'));
  for (const name of ['vitest', 'typescript', '@types']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const PLAY = `for (const [name, play] of Object.entries(behaviour(testing))) test(name, play);`;
const REQUIRED = `const testing = require('claude-mem-cli/testing'); const { behaviour } = require(${JSON.stringify(BEHAVIOUR)});`;
const IMPORTED = `import * as testing from 'claude-mem-cli/testing'; import { behaviour } from ${JSON.stringify(BEHAVIOUR)};`;

test.each([
  ['CommonJS', 'a.test.cjs', `const { test } = require('node:test'); ${REQUIRED} ${PLAY}`],
  ['ESM', 'a.test.mjs', `import { test } from 'node:test'; ${IMPORTED} ${PLAY}`],
])('works in node:test, %s', async (_, name, text) => {
  const cwd = aProject({ [name]: text });
  const { stdout, status } = await runProgram(process.execPath, ['--test', name], { home: cwd, cwd });
  expect(stdout).toContain(`pass ${COUNT}`);
  expect(status, stdout).toBe(0);
});

test.each(['forks', 'threads'])('works in vitest, pool %s', async (pool) => {
  const cwd = aProject({
    'a.test.mjs': `import { test } from 'vitest'; ${IMPORTED} ${pool === 'forks' ? PLAY : SEEN_BY_THREADS}`,
  });
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--pool', pool, '--root', cwd, '--testTimeout', '30000'];
  const { stdout, stderr, status } = await runProgram(process.execPath, args, { home: cwd, cwd });
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toContain(`${pool === 'forks' ? COUNT : COUNT - 1} passed`);
});

/** A process that cleared its environment may belong to another thread's test. */
const SEEN_BY_THREADS = `for (const [name, play] of Object.entries(behaviour(testing))) if (!name.startsWith('names ')) test(name, play);`;

test('the package ships types, which are sufficient to compile a project', async () => {
  const text = `import { expectNoLeaks, trackProcesses, LeakError, type LeakedProcess } from 'claude-mem-cli/testing';
export const n: Promise<number> = expectNoLeaks(() => 1, { settleMs: 5, allow: ['x', /y/], reap: true });
export async function f(): Promise<readonly LeakedProcess[]> {
  await using tracker = await trackProcesses();
  return tracker.leaks().catch((error: unknown) => (error instanceof LeakError ? error.leaks : []));
}`;
  const cwd = aProject({ 'a.mts': text });
  const args = [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
  ];
  const { stdout, status } = await runProgram(
    process.execPath,
    [...args, '--lib', 'es2022,esnext.disposable', '--types', 'node', 'a.mts'],
    { home: cwd, cwd },
  );
  expect([stdout, status]).toEqual(['', 0]);
});
