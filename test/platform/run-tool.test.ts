import { expect, test } from 'vitest';
import { describeFailure, runTool } from '../../src/platform/run-tool.ts';

test('input and output are bytes', async () => {
  const stdin = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
  expect(await runTool(['cat'], { stdin })).toEqual({ exitCode: 0, stdout: stdin, stderr: '', failure: undefined });
});

test('messages are English, in any locale', async () => {
  expect((await runTool(['sh', '-c', 'echo $LC_ALL $X'], { env: { X: 'y' } })).stdout).toBe('C y\n');
});

test('a program that does not exist, and one that a signal ends, have no exit code', async () => {
  expect(await runTool(['/nonexistent/program'])).toMatchObject({
    exitCode: null,
    failure: 'there is no /nonexistent/program',
  });
  expect(await runTool(['sh', '-c', 'kill -9 $$'])).toMatchObject({
    exitCode: null,
    failure: 'sh was ended by SIGKILL',
  });
});

test('a failure is described by what the program printed', async () => {
  expect(describeFailure('x', await runTool(['sh', '-c', 'echo bad >&2; exit 3']))).toBe('x failed: bad');
  expect(describeFailure('x', await runTool(['sh', '-c', 'exit 3']))).toBe('x failed: exit code 3');
});
