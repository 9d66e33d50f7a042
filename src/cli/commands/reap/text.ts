import type { ReapPlan, Skipped } from '../../../core/verdicts/plan-reap.ts';
import { describeLeaks } from '../../../operations/leaks/describe-groups.ts';
import { groupLeaks, type LeakGroup } from '../../../operations/leaks/groups.ts';
import { leakedBytes } from '../../../operations/leaks/process-memory.ts';
import type { Observation } from '../../../operations/observe/observe.ts';
import type { Output } from '../../terminal/output.ts';
import { count, formatBytes, formatNumber, printable } from '../../terminal/format.ts';
import { groupBlocks } from '../../terminal/group-blocks.ts';
import { commandLine } from '../../terminal/hint.ts';
import { painter, processTable } from '../../terminal/process-table.ts';
import { processesIn } from './question.ts';

const MAX_LINES = 30;
/** Only the first pids of a line are listed. */
const NAMED_PIDS = 8;

export interface PlanView {
  readonly isDryRun: boolean;
  /** List every process with its evidence. */
  readonly isVerbose: boolean;
  /** The reading that the plan is based on. */
  readonly seen: Pick<Observation, 'reading' | 'isComplete'>;
}

/** Prints the leaks in the plan, and the processes left out with the reason. */
export function printPlan({ plan, skipped }: ReapPlan, output: Output, view: PlanView): void {
  const { seen, isDryRun } = view;
  if (plan.length === 0) {
    output.text(seen.isComplete ? 'Nothing to reap.' : 'Nothing to reap, but the reading is incomplete.');
  } else {
    const groups = groupLeaks(plan, seen.reading.snapshot);
    const title = painter(output).bold(`${isDryRun ? 'Would end' : 'Will end'}: ${amountOf(groups)}`);
    output.text(`${title}, using ${formatBytes(leakedBytes(plan))}`);
    output.data(`\n${shownGroups(groups, output, view)}`);
    if (!seen.isComplete) output.text('\nThe reading is incomplete: there may be more leaks.');
  }
  if (skipped.length > 0) output.text(`\nNot in the plan:\n${firstLines(skippedLines(skipped))}`);
  if (isDryRun && plan.length > 0)
    output.text(`\nNo process was ended. To carry out the plan:\n  ${withoutDryRun(process.argv)}`);
}

export function shownGroups(groups: readonly LeakGroup[], output: Output, view: Omit<PlanView, 'isDryRun'>): string {
  const blocks = groupBlocks(groups, view.seen.reading.snapshot.takenAt, output);
  if (!view.isVerbose) return blocks;
  return `${blocks}\n\n${processTable(groups.flatMap(({ chains }) => chains).flat(), output)}`;
}

/** `60 chroma-mcp (uv + python), 120 processes`. */
export function amountOf(groups: readonly LeakGroup[]): string {
  const processes = processesIn(groups);
  const leaks = groups.reduce((sum, { chains }) => sum + chains.length, 0);
  const what = describeLeaks(groups);
  return processes === leaks ? what : `${what}, ${count(processes, 'process', 'processes')}`;
}

/** One line for each reason. */
function skippedLines(skipped: readonly Skipped[]): readonly string[] {
  const pids = new Map<string, number[]>();
  for (const { pid, reason } of skipped) pids.set(reason, [...(pids.get(reason) ?? []), pid]);
  return [...pids].map(([reason, all]) => {
    const more = all.length - NAMED_PIDS;
    const rest = more > 0 ? ` and ${formatNumber(more)} more` : '';
    return `  ${all.slice(0, NAMED_PIDS).join(', ')}${rest}  ${printable(reason)}`;
  });
}

function firstLines(all: readonly string[]): string {
  const hidden = all.length - MAX_LINES;
  return [...all.slice(0, MAX_LINES), ...(hidden > 0 ? [`  … and ${hidden} more; --json lists them all`] : [])].join(
    '\n',
  );
}

/** The same command and options, ready to paste. */
function withoutDryRun(argv: readonly string[]): string {
  return commandLine(argv.slice(2).filter((word) => !['--dry-run', '--yes', '--no-color'].includes(word)));
}
