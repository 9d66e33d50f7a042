import type { Judgement } from '../../../core/verdicts/verdict.ts';
import type { StartResult } from '../../../operations/tree/start-ports.ts';
import type { StopResult } from '../../../operations/tree/stop-trees.ts';
import type { Outcome } from '../../../operations/terminate/terminate.ts';
import type { Context } from '../../context.ts';
import type { LifecycleReport } from './json.ts';
import type { Output } from '../../terminal/output.ts';
import { commandOn } from '../../terminal/hint.ts';
import { reportStatus, sightTree } from '../../../operations/tree/status-report.ts';
import { count, printable } from '../../terminal/format.ts';
import { errorPainter, painter } from '../../terminal/process-table.ts';
import { printStatus } from '../status/text.ts';

interface StartView {
  readonly result: StartResult;
  readonly context: Context;
  readonly output: Output;
  readonly logLines: readonly string[];
  /** Value of `--data-dir`, for the commands in hints. */
  readonly dataDirFlag: string | undefined;
}

export async function printStart(
  report: LifecycleReport,
  { result, context, output, logLines, dataDirFlag }: StartView,
): Promise<void> {
  printLeft(report, output);
  if (report.ended.length > 0 && report.ok) output.data(`${endedFirst(report)}: ${pids(report.ended)}`);
  if (!report.ok) {
    printFailure(report, { result, output, logLines });
    return;
  }
  if (report.alreadyRunning) output.data('Already running.');
  const observation = await context.observe({ memory: true });
  const sight = sightTree(observation, result.status);
  printStatus(reportStatus(sight, context.dataDir), { sight, observation, output, dataDirFlag });
  const unproven = result.observation.judgements.filter(
    ({ verdict, restsOnCommand }) => verdict === 'orphan' && restsOnCommand,
  );
  for (const { pid } of report.remaining) {
    output.note(
      `\nLeftover pid ${pid} cannot be ended now. The tree runs anyway, but Chroma may have to wait for this process.`,
    );
  }
  if (unproven.length > 0) output.note(`\n${patternAdvice(unproven, dataDirFlag)}`);
}

function endedFirst({ command }: LifecycleReport): string {
  return command === 'restart' ? 'Ended the old tree' : 'Ended leftovers of an earlier run';
}

/** Only the command line and the parent prove these orphans, so the user decides. */
function patternAdvice(orphans: readonly Judgement[], dataDirFlag: string | undefined): string {
  const who = orphans.map(({ row }) => row.pid).join(', ');
  return `Orphans of another installation, judged by their command lines: pid ${who}. To end them:  ${commandOn(dataDirFlag, 'reap')}`;
}

function printFailure(
  report: LifecycleReport,
  { result, output, logLines }: Pick<StartView, 'result' | 'output' | 'logLines'>,
): void {
  output.problem(
    `${errorPainter(output).red.bold('Start failed:')} ${printable(report.error?.message ?? 'not ready')}`,
  );
  if (logLines.length > 0)
    output.problem(`\nLast lines of the log:\n${logLines.map((line) => `  ${printable(line)}`).join('\n')}`);
  const before = new Set(result.ended);
  const started = report.ended.filter((outcome) => !before.has(outcome));
  if (result.ended.length > 0) output.problem(`\n${endedFirst(report)}: ${pids(result.ended)}`);
  if (started.length > 0) output.problem(`\nEnded the processes of this start: ${pids(started)}`);
  if (report.remaining.length > 0)
    output.problem(`Could not end: pid ${report.remaining.map(({ pid }) => pid).join(', ')}`);
  output.problem(report.error?.hint ?? '');
}

export function printStop(result: StopResult, report: LifecycleReport, output: Output): void {
  const paint = painter(output);
  if (!result.wasRunning) {
    output.data(result.isComplete ? 'Not running.' : 'No running tree found, but the reading is incomplete.');
    return;
  }
  const seconds = (report.elapsedMs / 1000).toFixed(1);
  if (result.remaining.length === 0 && result.isComplete) {
    output.data(
      `${paint.green.bold('Stopped')} in ${seconds} s: ${count(result.ended.length, 'process', 'processes')} ended, ${report.left.length === 0 ? 'nothing' : 'no claude-mem process'} left.`,
    );
  } else if (result.remaining.length === 0) {
    output.data(paint.yellow('Stopped, but the last reading is incomplete.'));
  } else {
    output.data(
      paint.red.bold(
        `Still running: pid ${result.remaining.map(({ row }) => `${row.pid} (${printable(row.name)})`).join(', ')}`,
      ),
    );
  }
  printLeft(report, output);
}

function printLeft({ left }: LifecycleReport, output: Output): void {
  for (const { pid, name } of left) {
    output.note(
      `Not ended: pid ${pid} (${printable(name)}). It has the mark of the tree but is no claude-mem program.`,
    );
  }
}

function pids(outcomes: readonly Outcome[]): string {
  return `${count(outcomes.length, 'process', 'processes')} (pid ${outcomes.map(({ pid }) => pid).join(', ')})`;
}
