import type { CheckId } from '../../../operations/doctor/check.ts';
import type { CheckResult, CheckSummary } from '../../../operations/doctor/diagnose.ts';
import type { Repair } from '../../../operations/doctor/repair.ts';

/** `doctor --json`. Field names are API: add, never rename. */
export interface DoctorReport {
  readonly schemaVersion: 1;
  readonly command: 'doctor';
  readonly version: string;
  readonly dataDir: string;
  readonly checks: readonly CheckResult[];
  readonly summary: CheckSummary;
  /** The results of `--fix`; empty without it. */
  readonly fixed: readonly Repair[];
}

/** `doctor --list --json`. */
export interface CheckList {
  readonly schemaVersion: 1;
  readonly command: 'doctor';
  readonly checks: readonly { readonly id: CheckId; readonly title: string; readonly why: string }[];
}

export interface DoctorRequest {
  /** Value of `--data-dir`. */
  readonly dataDir: string | undefined;
  /** Empty for all checks. */
  readonly only: readonly CheckId[];
  readonly fix: boolean;
  /** File of `--report`. */
  readonly report: string | undefined;
  readonly interrupted: AbortSignal;
}

/** The exports of the doctor program. */
export interface Doctor {
  readonly examine: (request: DoctorRequest) => Promise<DoctorReport>;
  readonly list: () => CheckList;
}
