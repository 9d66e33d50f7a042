import { count, printable } from '../../core/text/wording.ts';
import { quoteShell } from '../../core/text/quote-shell.ts';
import { isLeak, type Judgement } from '../../core/verdicts/verdict.ts';
import { isOfOtherUserInPart, type LeakSummary } from './leak-report.ts';
import type { Observation } from '../observe/observe.ts';
import { describeUnrecorded, unrecordedSupervisors } from '../tree/tree-lifecycle.ts';

/** Remarks on a reading, one sentence or two each: unreadable parts, stale entries, unrecorded supervisors. */
export function remarks(
  { reading, judgements }: Observation,
  { staleEntries, unverified }: LeakSummary,
  { isRecorded }: { readonly isRecorded: boolean },
): readonly string[] {
  const { snapshot } = reading;
  const advise = (advice: string) => (isRecorded ? '' : ` ${advice}`);
  const lines: string[] = [];
  if (!snapshot.complete) lines.push('The process listing is incomplete: some processes may be hidden from this user.');
  if (snapshot.unreadable > 0)
    lines.push(
      `${count(snapshot.unreadable, 'possible claude-mem process', 'possible claude-mem processes')} could not be read.`,
    );
  const inPart = judgements.filter(isOfOtherUserInPart).length;
  if (inPart > 0)
    lines.push(`Read only in part, but not yours: ${count(inPart, 'process', 'processes')} of another user.`);
  for (const { file, kind, reason } of reading.damaged)
    lines.push(`${printable(file)}: ${printable(reason)}.${advise(DAMAGE_ADVICE[kind])}`);
  if (staleEntries > 0)
    lines.push(
      `${count(staleEntries, 'stale entry', 'stale entries')} in the manifests: the recorded processes are gone.` +
        advise('`claude-mem reap` marks those of dead trees as ended.'),
    );
  if (reading.pluginDataDir !== undefined && !isRecorded) {
    const command = quoteShell(['claude-mem', 'leaks', '--data-dir', reading.pluginDataDir]);
    lines.push(`The settings of the published plugin name another data dir. To look there: \`${printable(command)}\``);
  }
  for (const unrecorded of unrecordedSupervisors(reading))
    lines.push(`${sentence(describeUnrecorded(unrecorded))}.${advise('`claude-mem stop` stops it.')}`);
  if (unverified > 0 && !judgements.some(isLeak))
    lines.push('Unverified processes are never ended. The last reason of each one says which proof is missing.');
  return lines;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const DAMAGE_ADVICE = {
  damaged: '`claude-mem reap` sets it aside. Its processes are still found by their marks.',
  newer: 'Use the newer claude-mem version.',
  unreadable: 'Its tree cannot be judged until the file is readable.',
} as const;

/**
 * The arguments of the `claude-mem reap` that ends these leaks.
 * @param dataDirFlag value of `--data-dir`, if the data dir is not the default one.
 */
export function reapArguments(judgements: readonly Judgement[], dataDirFlag: string | undefined): readonly string[] {
  const hasExcess = judgements.some(({ verdict }) => verdict === 'excess');
  const hasObservers = judgements.some(({ verdict, role }) => verdict === 'orphan' && role === 'observer');
  return [
    'reap',
    ...(dataDirFlag === undefined ? [] : ['--data-dir', dataDirFlag]),
    ...(hasExcess ? ['--include', 'excess'] : []),
    ...(hasObservers ? ['--include', 'observers'] : []),
  ];
}
