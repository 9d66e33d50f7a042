import { isLeak, type Judgement } from '../../../core/verdicts/verdict.ts';
import type { Observation } from '../../../operations/observe/observe.ts';
import { reapArguments, remarks } from '../../../operations/leaks/leak-remarks.ts';
import { reportLeaks, type LeakSummary } from '../../../operations/leaks/leak-report.ts';
import { leakedBytes } from '../../../operations/leaks/process-memory.ts';
import type { Output } from '../../terminal/output.ts';
import { count, formatBytes, printable } from '../../terminal/format.ts';
import { commandLine } from '../../terminal/hint.ts';
import { painter, processTable } from '../../terminal/process-table.ts';
import { compareBy, type Sort } from '../../../operations/leaks/order.ts';

export interface LeaksView {
  readonly showForeign: boolean;
  /** True for a snapshot file: its processes cannot be reaped here. */
  readonly isRecorded: boolean;
  /** Value of `--sort`. Absent: leaks first. */
  readonly sort?: Sort | undefined;
  /** Value of `--data-dir`, for the suggested commands. */
  readonly dataDirFlag: string | undefined;
  readonly output: Output;
}

/** Prints `leaks` for people: what leaked and why, the memory in use, and the next command. */
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

/** One sentence with the leaks and their memory, and a second line with the data dir. */
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
  const others = rest.length > 0 ? ` Also found: ${rest.join(', ')}.` : '';
  if (leaks.length > 0) {
    const what = [
      summary.orphans > 0 ? count(summary.orphans, 'orphan') : '',
      summary.excess > 0 ? `${summary.excess} excess` : '',
    ].filter((part) => part !== '');
    const used = `${formatBytes(leakedBytes(leaks))} (${memoryKind(leaks)})`;
    return `${paint.red.bold(`Leaked: ${what.join(', ')}`)}, using ${used}.${others}\n${paint.gray(scope)}`;
  }
  // Unread processes may have leaked.
  const verdict = observation.isComplete
    ? paint.green.bold('No leaks.')
    : paint.yellow.bold('No leaks found, but the reading is incomplete.');
  return `${verdict}${others}\n${paint.gray(scope)}`;
}

function memoryKind(leaks: readonly Judgement[]): string {
  return leaks.every(({ row }) => row.pssBytes !== undefined)
    ? 'PSS + swap'
    : 'PSS + swap, or RSS where PSS is unreadable';
}

function nextStep({ judgements }: Observation, { isRecorded, dataDirFlag }: LeaksView): string | undefined {
  if (isRecorded || !judgements.some(isLeak)) return undefined;
  const reap = reapArguments(judgements, dataDirFlag);
  return [`To see the plan:   ${commandLine([...reap, '--dry-run'])}`, `To end the leaks:  ${commandLine(reap)}`].join(
    '\n',
  );
}
