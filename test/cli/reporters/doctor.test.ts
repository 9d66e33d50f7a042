import { expect, test } from 'vitest';
import type { DoctorReport } from '../../../src/cli/commands/doctor/json.ts';
import { printDoctor } from '../../../src/cli/commands/doctor/text.ts';
import type { CheckResult } from '../../../src/operations/doctor/diagnose.ts';
import { shown } from './shown.ts';

const ALL = 'claude-mem doctor --all';

const check = (id: 'node' | 'port' | 'uv' | 'pm2', status: CheckResult['status']): CheckResult => ({
  ...{ id, status, title: id, detail: `is ${status}`, why: 'it matters', fix: status === 'fail' ? 'fix it' : null },
});

function reportOf(checks: readonly CheckResult[]): DoctorReport {
  const summary = { pass: 0, warn: 0, fail: 0, skip: 0, error: 0 };
  for (const { status } of checks) summary[status] += 1;
  return {
    ...{ schemaVersion: 1, command: 'doctor', version: '1.0.0', dataDir: '/home/u/.claude-mem' },
    ...{ checks, summary, fixed: [] },
  };
}

const textOf = (checks: readonly CheckResult[], showAll: string | undefined): string =>
  shown(100, (output) => {
    printDoctor(reportOf(checks), output, { showAll });
  });

test('doctor shows problems and counts the other checks in one line', () => {
  const text = textOf([check('node', 'pass'), check('port', 'fail'), check('uv', 'skip'), check('pm2', 'pass')], ALL);
  expect(text).toBe(
    '✖ port (port): is fail\n    Why: it matters\n    Fix: fix it\n\n' +
      `4 checks: 1 failed, 2 passed, 1 skipped. To list every check:  ${ALL}`,
  );
});

test('doctor --all has a line for every check, the problems first', () => {
  const lines = textOf([check('node', 'pass'), check('port', 'fail'), check('uv', 'skip')], undefined).split('\n');
  expect(lines.filter((line) => /^[✖✔–]/.test(line))).toEqual([
    '✖ port (port): is fail',
    '✔ node: is pass',
    '– uv: is skip',
  ]);
  expect(lines.at(-1)).toBe('3 checks: 1 failed, 1 passed, 1 skipped.');
});

test('doctor names --all only if it left checks out', () => {
  expect(textOf([check('port', 'fail')], ALL)).not.toContain('--all');
});
