import type { ReapPlan } from '../../../core/verdicts/plan-reap.ts';
import type { ReapResult } from '../../../operations/terminate/reap.ts';
import type { Outcome } from '../../../operations/terminate/terminate.ts';
import type { Tidied } from '../../../operations/terminate/reap-and-tidy.ts';
import type { Judgement } from '../../../core/verdicts/verdict.ts';
import { keyOf } from '../../../operations/terminate/terminate-until-quiet.ts';
import { groupLeaks, reportGroup, type ReportedGroup } from '../../../operations/leaks/groups.ts';
import { reportProcess, type ReportedProcess } from '../../../operations/leaks/leak-report.ts';

/** `reap --json`. Field names are API: add, never rename. */
export interface ReapReport {
  readonly schemaVersion: 1;
  readonly command: 'reap';
  readonly dryRun: boolean;
  readonly complete: boolean;
  readonly plan: readonly Pick<ReportedProcess, 'pid' | 'role' | 'verdict' | 'treeId' | 'command' | 'evidence'>[];
  /** The plan, by the process that left the leaks. */
  readonly groups: readonly ReportedGroup[];
  readonly skipped: ReapPlan['skipped'];
  readonly outcomes: readonly Outcome[];
  readonly remaining: readonly ReportedProcess[];
  readonly tidied: readonly string[];
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
}

export interface ReportOptions {
  readonly dryRun: boolean;
  readonly tidied: Tidied;
  /** The judgements of the first reading, with memory. The plan is made again without memory. */
  readonly shown: readonly Judgement[];
}

export function reportReap(
  { plan, outcomes, after, remaining }: ReapResult,
  { dryRun, tidied, shown }: ReportOptions,
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
    groups: groupLeaks(withMemory(plan.plan, shown), after.reading.snapshot).map(reportGroup),
    skipped: plan.skipped,
    outcomes,
    remaining: remaining.map(reportProcess),
    tidied: lines,
    error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint ?? null },
  };
}

function withMemory(plan: readonly Judgement[], shown: readonly Judgement[]): readonly Judgement[] {
  const measured = new Map(shown.map((judgement) => [keyOf(judgement), judgement.row]));
  return plan.map((judgement) => ({ ...judgement, row: measured.get(keyOf(judgement)) ?? judgement.row }));
}
