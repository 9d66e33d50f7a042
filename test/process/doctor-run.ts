import { expect } from 'vitest';
import type { CheckResult } from '../../src/operations/doctor/diagnose.ts';
import type { DoctorReport } from '../../src/cli/commands/doctor/json.ts';
import type { RunOptions, RunResult } from '../helpers/run-cli.ts';

/** A source of program runs on its own data dir: a `TestTree` or a home. */
export interface Patient {
  readonly run: (args: readonly string[], options?: Partial<RunOptions>) => Promise<RunResult>;
}

export interface Examination {
  readonly status: number | null;
  readonly report: DoctorReport;
  /** The result of one check. */
  readonly of: (id: string) => CheckResult;
}

/** Runs `doctor --json` with these arguments. */
export async function examine(
  patient: Patient,
  args: readonly string[],
  options?: Partial<RunOptions>,
): Promise<Examination> {
  const { stdout, stderr, status } = await patient.run(['doctor', '--json', ...args], options);
  expect(stdout, stderr).not.toBe('');
  const report = JSON.parse(stdout) as DoctorReport;
  return {
    status,
    report,
    of: (id) => {
      const result = report.checks.find((check) => check.id === id);
      if (result === undefined) throw new Error(`no result of ${id}: ${stdout}`);
      return result;
    },
  };
}

/** Runs one check, expects its status, and returns its result. */
export async function expectCheck(
  patient: Patient,
  id: string,
  status: CheckResult['status'],
  options?: Partial<RunOptions>,
): Promise<CheckResult> {
  const examination = await examine(patient, [id], options);
  const result = examination.of(id);
  expect(result, JSON.stringify(examination.report.checks)).toMatchObject({ status });
  if (status === 'warn' || status === 'fail') expect(result.fix, result.detail).not.toBeNull();
  const exit = status === 'fail' ? 1 : status === 'error' ? 4 : 0;
  expect(examination.status, JSON.stringify(examination.report.checks)).toBe(exit);
  return result;
}
