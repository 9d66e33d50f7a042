import type { Judgement } from '../../../core/verdicts/verdict.ts';
import type { Observation } from '../../../operations/observe/observe.ts';
import { reapArguments, remarks } from '../../../operations/leaks/leak-remarks.ts';
import { isLeak, leakedBytes, reportLeaks, type LeakSummary } from '../../../operations/leaks/leak-report.ts';
import type { Output } from '../../terminal/output.ts';
import { count, formatBytes, printable } from '../../terminal/format.ts';
import { commandLine } from '../../terminal/hint.ts';
import { painter, processTable } from '../../terminal/process-table.ts';
import { compareBy, type Sort } from '../../../operations/leaks/order.ts';

export interface LeaksView {
  readonly showForeign: boolean;
  /** It was recorded elsewhere or earlier, so there is nothing to reap here. */
  readonly isRecorded: boolean;
  /** `--sort`; leaks first if absent. */
  readonly sort?: Sort | undefined;
  /** `--data-dir` as it was given, for the command that is proposed. */
  readonly dataDirFlag: string | undefined;
  readonly output: Output;
}

/** The readable form of `leaks`: what leaked and why, what it holds, what to do. */
export function printLeaks(observation: Observation, view: LeaksView): void {
  const { output } = view;
  const report = reportLeaks(observation, view);
  const shown = observation.judgements
    .filter(({ verdict }) => view.showForeign || verdict !== 'foreign')
    .sort(compareBy(view.sort ?? 'verdict'));
  output.text(headline(observation, report.summary, output));
  if (shown.length > 0) output.data(`\n${processTable(shown, output)}`);
  for (const line of remarks(observation, report.summary, view)) output.text(`\n${line}`);
  const next = nextStep(observation, view);
  if (next !== undefined) output.text(`\n${next}`);
}

/** What leaked and what it holds in a sentence, and below it where. */
export function headline(observation: Observation, summary: LeakSummary, output: Output): string {
  const paint = painter(output);
  const leaks = observation.judgements.filter(isLeak);
  const rest = [
    summary.managed > 0 ? `${summary.managed} managed` : '',
    summary.unverified > 0 ? `${summary.unverified} unverified` : '',
    summary.foreign > 0 ? `${summary.foreign} foreign` : '',
    summary.zombies > 0 ? count(summary.zombies, 'zombie') : '',
  ].filter((part) => part !== '');
  const scope = `Data dir ${printable(observation.reading.dataDir)}`;
  const others = rest.length > 0 ? ` Besides: ${rest.join(', ')}.` : '';
  if (leaks.length > 0) {
    const what = [
      summary.orphans > 0 ? count(summary.orphans, 'orphan') : '',
      summary.excess > 0 ? `${summary.excess} excess` : '',
    ].filter((part) => part !== '');
    const held = `${formatBytes(leakedBytes(leaks))} (${memoryKind(leaks)})`;
    return `${paint.red.bold(`Leaked: ${what.join(', ')}`)}, holding ${held}.${others}\n${paint.gray(scope)}`;
  }
  // What was not looked at may have leaked.
  const verdict = observation.isComplete
    ? paint.green.bold('No leaks.')
    : paint.yellow.bold('No leaks in what could be read; not everything could.');
  return `${verdict}${others}\n${paint.gray(scope)}`;
}

function memoryKind(leaks: readonly Judgement[]): string {
  return leaks.every(({ row }) => row.pssBytes !== undefined) ? 'PSS + swap' : 'RSS where PSS could not be read';
}

function nextStep({ judgements }: Observation, { isRecorded, dataDirFlag }: LeaksView): string | undefined {
  if (isRecorded || !judgements.some(isLeak)) return undefined;
  const reap = reapArguments(judgements, dataDirFlag);
  return [
    `To see what would be ended:  ${commandLine([...reap, '--dry-run'])}`,
    `To end it:                   ${commandLine(reap)}`,
  ].join('\n');
}
