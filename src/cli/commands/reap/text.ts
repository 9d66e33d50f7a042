import type { ReapPlan } from '../../../core/verdicts/plan-reap.ts';
import type { ReapResult } from '../../../operations/terminate/reap.ts';
import type { Outcome, OutcomeKind } from '../../../operations/terminate/terminate.ts';
import { leakedBytes } from '../../../operations/leaks/process-memory.ts';
import type { Output } from '../../terminal/output.ts';
import { count, formatBytes, printable } from '../../terminal/format.ts';
import { commandLine } from '../../terminal/hint.ts';
import { painter, processTable } from '../../terminal/process-table.ts';

const MAX_LINES = 30;

/** Prints the processes in the plan, and those left out with the reason. */
export function printPlan(
  { plan, skipped }: ReapPlan,
  output: Output,
  how: { readonly isDryRun: boolean; readonly isComplete: boolean },
): void {
  if (plan.length === 0) {
    output.text(how.isComplete ? 'Nothing to reap.' : 'Nothing to reap, but the reading is incomplete.');
  } else {
    const verb = how.isDryRun ? 'Would end' : 'Will end';
    const title = painter(output).bold(`${verb}: ${count(plan.length, 'process', 'processes')}`);
    output.text(`${title}, using ${formatBytes(leakedBytes(plan))}`);
    output.data(`\n${processTable(plan, output)}`);
    if (!how.isComplete) output.text('\nThe reading is incomplete: there may be more leaks.');
  }
  if (skipped.length > 0)
    output.text(`\nNot in the plan:\n${lines(skipped.map(({ pid, reason }) => `  ${pid}  ${printable(reason)}`))}`);
  if (how.isDryRun && plan.length > 0)
    output.text(`\nNo process was ended. To carry out the plan:\n  ${withoutDryRun(process.argv)}`);
}

/** The same command and options, ready to paste. */
function withoutDryRun(argv: readonly string[]): string {
  return commandLine(argv.slice(2).filter((word) => !['--dry-run', '--yes', '--no-color'].includes(word)));
}

/** As `node:readline` reports it. */
interface Key {
  readonly ctrl?: boolean;
  readonly name?: string;
}

/** Asks in the terminal; Escape means no. */
export async function askToReap(amount: number): Promise<'yes' | 'no' | 'interrupted'> {
  const { confirm, isCancel } = await import('@clack/prompts');
  const keys: Key[] = [];
  const noteKey = (_text: string, key: Key) => keys.push(key);
  // The prompt does not distinguish Ctrl-C from Escape.
  process.stdin.on('keypress', noteKey);
  try {
    const answer = await confirm({
      message: `End ${amount === 1 ? 'this process' : `these ${amount.toLocaleString('en-US')} processes`}?`,
      initialValue: false,
      ...(process.stderr.isTTY ? { output: process.stderr } : {}),
    });
    if (keys.some(({ ctrl, name }) => ctrl === true && name === 'c')) return 'interrupted';
    return !isCancel(answer) && answer ? 'yes' : 'no';
  } finally {
    process.stdin.off('keypress', noteKey);
  }
}

/** Prints the outcome of each process, and the leaks that remain. */
export function printOutcomes({ outcomes, remaining, after }: ReapResult, output: Output): void {
  const paint = painter(output);
  if (outcomes.length > 0) output.text(`\n${lines(outcomes.map(outcomeLine))}\n\n${tally(outcomes)}`);
  if (remaining.length > 0) {
    output.text(`\n${paint.red.bold(`Still running: ${count(remaining.length, 'leak')}`)}\n`);
    output.data(processTable(remaining, output));
  } else if (outcomes.length > 0) {
    output.text(
      after.isComplete
        ? paint.green('Checked again: none of them is left.')
        : paint.yellow('Checked again: none of them was found, but the reading is incomplete.'),
    );
  }
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
  const kinds = Object.keys(OUTCOME_TEXT) as OutcomeKind[];
  const parts = kinds
    .map((kind) => [kind, outcomes.filter(({ outcome }) => outcome === kind).length] as const)
    .filter(([, amount]) => amount > 0)
    .map(([kind, amount]) => `${amount} ${kind.replace('-', ' ')}`);
  return `${count(outcomes.length, 'process', 'processes')}: ${parts.join(', ')}.`;
}

function lines(all: readonly string[]): string {
  const hidden = all.length - MAX_LINES;
  return [...all.slice(0, MAX_LINES), ...(hidden > 0 ? [`  … and ${hidden} more; --json lists them all`] : [])].join(
    '\n',
  );
}
