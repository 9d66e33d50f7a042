import { describeGroup } from '../../../operations/leaks/describe-groups.ts';
import { groupLeaks } from '../../../operations/leaks/groups.ts';
import type { ReapResult } from '../../../operations/terminate/reap.ts';
import type { Outcome, OutcomeKind } from '../../../operations/terminate/terminate.ts';
import { count, formatNumber } from '../../terminal/format.ts';
import type { Output } from '../../terminal/output.ts';
import { painter } from '../../terminal/process-table.ts';
import { amountOf, shownGroups } from './text.ts';

export interface OutcomeView {
  /** List the outcome of every process. */
  readonly isVerbose: boolean;
}

/** Prints the outcome of each group, of each process that was not ended, and the leaks that remain. */
export function printOutcomes(result: ReapResult, output: Output, { isVerbose }: OutcomeView): void {
  const { outcomes, remaining, after } = result;
  const paint = painter(output);
  const shown = isVerbose ? outcomes.map(outcomeLine) : groupLines(result);
  if (outcomes.length > 0) output.text(`\n${shown.join('\n')}\n\n${tally(outcomes)}`);
  if (remaining.length > 0) {
    const groups = groupLeaks(remaining, after.reading.snapshot);
    output.text(`\n${paint.red.bold(`Still running: ${amountOf(groups)}`)}\n`);
    output.data(shownGroups(groups, output, { seen: after, isVerbose }));
  } else if (outcomes.length > 0) {
    output.text(
      after.isComplete
        ? paint.green('Checked again: none of them is left.')
        : paint.yellow('Checked again: none of them was found, but the reading is incomplete.'),
    );
  }
}

/** A line for each planned group, one for processes that appeared later, and one for each process that was not ended. */
function groupLines({ plan, outcomes, after }: ReapResult): readonly string[] {
  const { snapshot } = after.reading;
  const byPid = new Map(outcomes.map((outcome) => [outcome.pid, outcome]));
  const planned = new Set<number>();
  const lines = groupLeaks(plan.plan, snapshot).flatMap((group) => {
    const own = group.judgements.flatMap(({ row }) => byPid.get(row.pid) ?? []);
    for (const { pid } of own) planned.add(pid);
    return own.length === 0 ? [] : [`  ${describeGroup(group, snapshot.takenAt)}: ${summaryOf(own)}`];
  });
  const later = outcomes.filter(({ pid }) => !planned.has(pid));
  if (later.length > 0) lines.push(`  ${count(later.length, 'later process', 'later processes')}: ${summaryOf(later)}`);
  return [...lines, ...outcomes.filter((outcome) => !isGone(outcome)).map(outcomeLine)];
}

/** `118 exited, 2 killed within 5,031 ms`. */
function summaryOf(outcomes: readonly Outcome[]): string {
  const slowest = outcomes.reduce((most, { elapsedMs }) => Math.max(most, elapsedMs), 0);
  const duration = outcomes.every(isGone) ? ` within ${formatNumber(slowest)} ms` : '';
  return `${countKinds(outcomes)}${duration}`;
}

function isGone({ outcome }: Outcome): boolean {
  return outcome === 'exited' || outcome === 'killed' || outcome === 'already-gone';
}

function outcomeLine(outcome: Outcome): string {
  const { pid, signal, elapsedMs } = outcome;
  return `  ${String(pid).padEnd(9)} ${describeOutcome(outcome)}${signal === null ? '' : ` (${signal}, ${elapsedMs} ms)`}`;
}

function describeOutcome({ outcome, signal }: Outcome): string {
  if (outcome === 'survived' && signal === null) return 'not signalled: its identity could not be confirmed';
  if (outcome === 'survived' && signal === 'SIGTERM') return 'still running: received SIGTERM, was not killed';
  if (outcome === 'pid-reused' && signal !== null) return 'not killed: another program now runs under its pid';
  return OUTCOME_TEXT[outcome];
}

const OUTCOME_TEXT: Readonly<Record<OutcomeKind, string>> = {
  exited: 'exited',
  killed: 'killed: did not exit within the grace period',
  'already-gone': 'already gone',
  'pid-reused': 'not signalled: the pid now belongs to another process',
  'permission-denied': 'not signalled: permission denied',
  survived: 'survived SIGKILL: stuck in the kernel, or frozen',
};

function tally(outcomes: readonly Outcome[]): string {
  return `${count(outcomes.length, 'process', 'processes')}: ${countKinds(outcomes)}.`;
}

function countKinds(outcomes: readonly Outcome[]): string {
  const kinds = Object.keys(OUTCOME_TEXT) as OutcomeKind[];
  return kinds
    .map((kind) => [kind, outcomes.filter(({ outcome }) => outcome === kind).length] as const)
    .filter(([, amount]) => amount > 0)
    .map(([kind, amount]) => `${formatNumber(amount)} ${kind.replace('-', ' ')}`)
    .join(', ');
}
