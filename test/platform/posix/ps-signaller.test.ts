import { expect, test } from 'vitest';
import type { ProcessRow } from '../../../src/core/process/snapshot.ts';
import { createPsSignaller } from '../../../src/platform/posix/ps-signaller.ts';

const START = 'Sat Aug  1 09:04:43 2026';
const ROW: ProcessRow = { pid: 8123, ppid: 1, startedAt: '2026-08-01T09:04:43.000Z', name: 'uv', command: 'uv x' };
const self = `${process.pid} S ${START} node\n`;
const bind = (output: string, compareCommand = true) => createPsSignaller(() => output).bind(ROW, { compareCommand });

test('reads this process in the same call', () => {
  let asked: readonly string[] = [];
  createPsSignaller((args) => {
    asked = args;
    return '';
  }).bind(ROW, { compareCommand: true });
  expect(asked.at(-1)).toBe(`8123,${process.pid}`);
});

test.each<[string, string, string]>([
  ['no process has the pid', self, 'gone'],
  ['ps fails silently', '', 'unknown'],
  ['ps does not list this process', `8123 S ${START} uv x\n`, 'unknown'],
  ['the command line is cut', `${self}8123 S ${START} uv x\0\n`, 'unknown'],
  ['another command runs under the pid', `${self}8123 S ${START} vim\n`, 'different'],
])('refuses to bind if %s', (_, output, refusal) => {
  expect(bind(output)).toBe(refusal);
});

test('binds the process of the row, by identity alone if the command line is cut', () => {
  expect(bind(`${self}8123 S ${START} uv x\n`)).toMatchObject({ pid: 8123 });
  expect(bind(`${self}8123 S ${START} uv x\0\n`, false)).toMatchObject({ pid: 8123 });
});
