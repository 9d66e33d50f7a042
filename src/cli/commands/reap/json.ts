import type { ReapPlan } from '../../../core/verdicts/plan-reap.ts';
import type { ReapResult } from '../../../operations/terminate/reap.ts';
import type { Outcome } from '../../../operations/terminate/terminate.ts';
import type { Tidied } from '../../../operations/terminate/reap-and-tidy.ts';
import { reportProcess, type ReportedProcess } from '../../../operations/leaks/leak-report.ts';

/** `reap --json`. Field names are API: add, never rename. */
export interface ReapReport {
  readonly schemaVersion: 1;
  readonly command: 'reap';
  readonly dryRun: boolean;
  readonly complete: boolean;
  readonly plan: readonly Pick<ReportedProcess, 'pid' | 'role' | 'verdict' | 'treeId' | 'command' | 'evidence'>[];
  readonly skipped: ReapPlan['skipped'];
  readonly outcomes: readonly Outcome[];
  readonly remaining: readonly ReportedProcess[];
  readonly tidied: readonly string[];
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
}

export function reportReap(
  { plan, outcomes, after, remaining }: ReapResult,
  { dryRun, tidied }: { readonly dryRun: boolean; readonly tidied: Tidied },
): ReapReport {
  const { lines, error } = tidied;
  return {
    schemaVersion: 1,
    command: 'reap',
    dryRun,
    complete: after.isComplete,
    plan: plan.plan.map((judgement) => {
      const { pid, role, verdict, treeId, command, evidence } = reportProcess(judgement);
      return { pid, role, verdict, treeId, command, evidence };
    }),
    skipped: plan.skipped,
    outcomes,
    remaining: remaining.map(reportProcess),
    tidied: lines,
    error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint ?? null },
  };
}
