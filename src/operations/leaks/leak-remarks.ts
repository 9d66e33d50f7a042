import { count, printable } from '../../core/text/wording.ts';
import type { Judgement } from '../../core/verdicts/verdict.ts';
import { isLeak, isOfOtherUserInPart, type LeakSummary } from './leak-report.ts';
import type { Observation } from '../observe/observe.ts';
import { describeUnrecorded, unrecordedSupervisors } from '../tree/tree-lifecycle.ts';

/** What else is to be said of a reading: what could not be looked at, what is recorded and gone. */
export function remarks(
  { reading, judgements }: Observation,
  { staleEntries, unverified }: LeakSummary,
  { isRecorded }: { readonly isRecorded: boolean },
): readonly string[] {
  const { snapshot } = reading;
  const advise = (advice: string) => (isRecorded ? '' : ` ${advice}`);
  const lines: string[] = [];
  if (!snapshot.complete) lines.push('The listing of processes was incomplete: others may be hidden from this user.');
  if (snapshot.unreadable > 0)
    lines.push(`${count(snapshot.unreadable, 'process', 'processes')} that may be ours could not be read.`);
  const inPart = judgements.filter(isOfOtherUserInPart).length;
  if (inPart > 0)
    lines.push(
      `${count(inPart, 'process', 'processes')} of another user could be read only in part, and cannot be yours.`,
    );
  for (const { file, kind, reason } of reading.damaged)
    lines.push(`${printable(file)}: ${printable(reason)}.${advise(DAMAGE_ADVICE[kind])}`);
  if (staleEntries > 0)
    lines.push(
      `${count(staleEntries, 'stale entry', 'stale entries')} in the manifests: their processes are gone.` +
        advise('`claude-mem reap` tidies up those of dead trees.'),
    );
  for (const unrecorded of unrecordedSupervisors(reading))
    lines.push(`${sentence(describeUnrecorded(unrecorded))}.${advise('`claude-mem stop` ends it.')}`);
  if (unverified > 0 && !judgements.some(isLeak))
    lines.push('Unverified ones are never ended: the last reason of each says what is missing for a proof.');
  return lines;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const DAMAGE_ADVICE = {
  damaged: '`claude-mem reap` sets it aside; its processes are found by their marks.',
  newer: 'Use the newer claude-mem.',
  unreadable: 'Its tree cannot be judged before it can be read.',
} as const;

/**
 * The words of the `reap` that ends these leaks.
 * @param dataDirFlag value of `--data-dir`, where the data dir is not the usual one.
 */
export function reapArguments(judgements: readonly Judgement[], dataDirFlag: string | undefined): readonly string[] {
  const hasExcess = judgements.some(({ verdict }) => verdict === 'excess');
  return [
    'reap',
    ...(dataDirFlag === undefined ? [] : ['--data-dir', dataDirFlag]),
    ...(hasExcess ? ['--include', 'excess'] : []),
  ];
}
