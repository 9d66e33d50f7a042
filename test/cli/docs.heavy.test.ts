import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runProgram } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('the generated blocks match the current output of the program', async () => {
  const args = ['--import', 'tsx', 'scripts/render-docs.ts', '--check'];
  const { status, stderr } = await runProgram(process.execPath, args, { home: tempDir(), cwd: ROOT });
  expect([status, stderr]).toEqual([0, '']);
});
