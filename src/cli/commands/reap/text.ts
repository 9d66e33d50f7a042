import type { ReapPlan } from '../../../core/verdicts/plan-reap.ts';
import type { ReapResult } from '../../../operations/terminate/reap.ts';
import type { Outcome, OutcomeKind } from '../../../operations/terminate/terminate.ts';
import { leakedBytes } from '../../../operations/leaks/leak-report.ts';
import type { Output } from '../../terminal/output.ts';
import { count, formatBytes, printable } from '../../terminal/format.ts';
import { commandLine } from '../../terminal/hint.ts';
import { painter, processTable } from '../../terminal/process-table.ts';

const MAX_LINES = 30;

/** What would be, or will be, ended, and what is left and why. */
export function printPlan(
  { plan, skipped }: ReapPlan,
  output: Output,
  how: { readonly isDryRun: boolean; readonly isComplete: boolean },
): void {
  if (plan.length === 0) {
    output.text(how.isComplete ? 'Nothing to reap.' : 'Nothing to reap in what could be read; not everything could.');
  } else {
    const verb = how.isDryRun ? 'Would end' : 'To be ended';
    const title = painter(output).bold(`${verb}: ${count(plan.length, 'process', 'processes')}`);
    output.text(`${title}, holding ${formatBytes(leakedBytes(plan))}`);
    output.data(`\n${processTable(plan, output)}`);
    if (!how.isComplete) output.text('\nNot everything could be read: there may be more.');
  }
  if (skipped.length > 0)
    output.text(`\nLeft alone:\n${lines(skipped.map(({ pid, reason }) => `  ${pid}  ${printable(reason)}`))}`);
  if (how.isDryRun && plan.length > 0) output.text(`\nNothing was ended. To end it:\n  ${withoutDryRun(process.argv)}`);
}

/** The same command with the same options, ready to be typed. */
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
  // The prompt itself makes no difference between Ctrl-C and Escape.
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

/** What became of each, and what is still there. */
export function printOutcomes({ outcomes, remaining, after }: ReapResult, output: Output): void {
  const paint = painter(output);
  if (outcomes.length > 0) output.text(`\n${lines(outcomes.map(outcomeLine))}\n\n${tally(outcomes)}`);
  if (remaining.length > 0) {
    output.text(`\n${paint.red.bold(`Still there: ${count(remaining.length, 'leak')}`)}\n`);
    output.data(processTable(remaining, output));
  } else if (outcomes.length > 0) {
    output.text(
      after.isComplete
        ? paint.green('Looked again: nothing of it is left.')
        : paint.yellow('Looked again: nothing of it is left in what could be read.'),
    );
  }
}

function outcomeLine(outcome: Outcome): string {
  const { pid, signal, elapsedMs } = outcome;
  return `  ${String(pid).padEnd(9)} ${wordsFor(outcome)}${signal === null ? '' : ` (${signal}, ${elapsedMs} ms)`}`;
}

function wordsFor({ outcome, signal }: Outcome): string {
  if (outcome === 'survived' && signal === null)
    return 'not touched: whether it still is the same process could not be told';
  if (outcome === 'survived' && signal === 'SIGTERM') return 'still there: asked to end, and not killed';
  if (outcome === 'pid-reused' && signal !== null) return 'not killed: another program runs under its pid by now';
  return SAYS[outcome];
}

const SAYS: Readonly<Record<OutcomeKind, string>> = {
  exited: 'exited',
  killed: 'killed: it did not obey SIGTERM within the grace period',
  'already-gone': 'was already gone',
  'pid-reused': 'not touched: the pid now belongs to another process',
  'permission-denied': 'not permitted to signal it',
  survived: 'survived SIGKILL: stuck in the kernel, or frozen',
};

function tally(outcomes: readonly Outcome[]): string {
  const kinds = Object.keys(SAYS) as OutcomeKind[];
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
