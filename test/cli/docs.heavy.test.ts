import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runProgram } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test.each([
  ['the generated blocks match the current output of the program', 'render-docs'],
  ['the schemas and the public types match the types of the program', 'render-schemas'],
])('%s', async (_, script) => {
  const args = ['--import', 'tsx', `scripts/${script}.ts`, '--check'];
  const { status, stderr } = await runProgram(process.execPath, args, { home: tempDir(), cwd: ROOT });
  expect([status, stderr]).toEqual([0, '']);
});
