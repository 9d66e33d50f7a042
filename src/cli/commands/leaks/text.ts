import { isLeak, type Judgement } from '../../../core/verdicts/verdict.ts';
import type { Observation } from '../../../operations/observe/observe.ts';
import { chainsOf, type Link } from '../../../operations/leaks/chains.ts';
import { describeLeaks } from '../../../operations/leaks/describe-groups.ts';
import { groupLeaks, type LeakGroup } from '../../../operations/leaks/groups.ts';
import { reapArguments, remarks } from '../../../operations/leaks/leak-remarks.ts';
import { reportLeaks } from '../../../operations/leaks/leak-report.ts';
import { compareBy, type Sort } from '../../../operations/leaks/order.ts';
import { leakedBytes } from '../../../operations/leaks/process-memory.ts';
import { count, formatBytes, printable } from '../../terminal/format.ts';
import { groupBlocks } from '../../terminal/group-blocks.ts';
import { commandLine } from '../../terminal/hint.ts';
import type { Output } from '../../terminal/output.ts';
import { painter, processTable } from '../../terminal/process-table.ts';

export interface LeaksView {
  readonly showForeign: boolean;
  /** List every process with its evidence. */
  readonly isVerbose: boolean;
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
  const { snapshot } = observation.reading;
  const { summary } = reportLeaks(observation, view);
  const groups = groupLeaks(observation.judgements, snapshot, view.sort);
  output.text(leakHeadline(observation, view).join('\n'));
  if (groups.length > 0) output.data(`\n${groupBlocks(groups, snapshot.takenAt, output)}`);
  const rows = view.isVerbose ? listedRows(observation, groups, view) : [];
  if (rows.length > 0) output.data(`\n${processTable(rows, output)}`);
  for (const line of remarks(observation, summary, view)) output.text(`\n${line}`);
  const next = nextSteps(observation, view);
  if (next !== '') output.text(`\n${next}`);
}

/** Every process: in the order of the groups with each python below its uv, or in the order that the user chose. */
function listedRows(
  { judgements, reading }: Observation,
  groups: readonly LeakGroup[],
  { showForeign, sort }: LeaksView,
): readonly Link[] {
  const shown = judgements.filter(({ verdict }) => showForeign || verdict !== 'foreign');
  if (sort !== undefined) return shown.sort(compareBy(sort)).map((judgement) => ({ judgement, depth: 0 }));
  const grouped = new Set(groups.flatMap((group) => group.judgements));
  const others = shown.filter((judgement) => !grouped.has(judgement)).sort(compareBy('verdict'));
  return [...groups.flatMap(({ chains }) => chains), ...chainsOf(others, reading.snapshot)].flat();
}

/** One sentence with the leaks and their memory, and the data dir. */
export function leakHeadline(
  observation: Observation,
  { showForeign, output }: Pick<LeaksView, 'showForeign' | 'output'>,
): readonly [sentence: string, scope: string] {
  const { judgements, reading } = observation;
  const { summary } = reportLeaks(observation, { showForeign });
  const groups = groupLeaks(judgements, reading.snapshot);
  const paint = painter(output);
  const leaks = judgements.filter(isLeak);
  const rest = [
    summary.managed > 0 ? `${summary.managed} managed` : '',
    summary.unverified > 0 ? `${summary.unverified} unverified` : '',
    summary.foreign > 0 ? `${summary.foreign} foreign` : '',
    summary.zombies > 0 ? count(summary.zombies, 'zombie') : '',
  ].filter((part) => part !== '');
  const scope = paint.gray(`Data dir ${printable(reading.dataDir)}`);
  const others = rest.length > 0 ? ` Also found: ${rest.join(', ')}.` : '';
  const what = describeLeaks(groups.filter(isLeak));
  return [`${leakSentence(what, { leaks, isComplete: observation.isComplete, output })}${others}`, scope];
}

/** @param what names the leaks, as `describeLeaks` does. */
export function leakSentence(
  what: string,
  {
    leaks,
    isComplete,
    output,
  }: { readonly leaks: readonly Judgement[]; readonly isComplete: boolean; readonly output: Output },
): string {
  const paint = painter(output);
  if (leaks.length > 0)
    return `${paint.red.bold(`Leaked: ${what}`)}, using ${formatBytes(leakedBytes(leaks))} (${memoryKind(leaks)}).`;
  // Unread processes may have leaked.
  return isComplete
    ? paint.green.bold('No leaks.')
    : paint.yellow.bold('No leaks found, but the reading is incomplete.');
}

function memoryKind(leaks: readonly Judgement[]): string {
  return leaks.every(({ row }) => row.pssBytes !== undefined)
    ? 'PSS + swap'
    : 'PSS + swap, or RSS where PSS is unreadable';
}

function nextSteps({ judgements }: Observation, view: LeaksView): string {
  const isHidden = !view.isVerbose && judgements.some(({ verdict }) => verdict !== 'foreign');
  const hasForeign = !view.showForeign && judgements.some(({ verdict }) => verdict === 'foreign');
  const list = hasForeign
    ? 'To list these processes, add --verbose, and to list foreign ones too, --all.'
    : 'To list every process, add --verbose.';
  const steps = isHidden ? [list] : [];
  if (!view.isRecorded && judgements.some(isLeak)) {
    const reap = reapArguments(judgements, view.dataDirFlag);
    steps.push(`To see the plan:   ${commandLine([...reap, '--dry-run'])}`, `To end the leaks:  ${commandLine(reap)}`);
  }
  return steps.join('\n');
}
