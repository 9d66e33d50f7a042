import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProgram } from '../helpers/run-cli.ts';
import { aProject, COUNT, expectToPassInVitest, ROOT } from './testing-project.ts';

/** A process that cleared its environment may belong to another thread's test. */
const SEEN_BY_THREADS = `for (const [name, play] of Object.entries(behaviour(testing))) if (!name.startsWith('names ')) test(name, play);`;

test('works in vitest, pool threads', async () => {
  await expectToPassInVitest('threads', SEEN_BY_THREADS, COUNT - 1);
});

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
