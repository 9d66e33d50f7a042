import { memoryOf } from '../../../core/health/tree-memory.ts';
import { count, formatBytes } from '../../../core/text/wording.ts';
import { describeLeaks, describeOrigin, describePids } from '../../leaks/describe-groups.ts';
import { groupLeaks, type LeakGroup } from '../../leaks/groups.ts';
import type { Judgement } from '../../../core/verdicts/verdict.ts';
import type { ProcessSnapshot } from '../../../core/process/snapshot.ts';

/** Only the first groups are named. */
const NAMED_GROUPS = 3;

/** `1 chroma-mcp (uv + python) using 105 MB (pid 1016, 1036), left by worker 1000, which is gone`. */
export function describeHeld(judgements: readonly Judgement[], snapshot: ProcessSnapshot): string {
  const groups = groupLeaks(judgements, snapshot);
  const more = groups.length - NAMED_GROUPS;
  const named = groups.slice(0, NAMED_GROUPS).map((group) => describeOne(group, snapshot.takenAt));
  return [...named, ...(more > 0 ? [count(more, 'more group')] : [])].join('; ');
}

function describeOne(group: LeakGroup, takenAt: string): string {
  const { bytes, isProportional } = memoryOf(group.judgements.map(({ row }) => row));
  const held = `using ${formatBytes(bytes)}${isProportional ? '' : ' (RSS)'}`;
  const origin = describeOrigin(group, takenAt);
  return `${describeLeaks([group])} ${held} (${describePids(group.judgements)})${origin === '' ? '' : `, ${origin}`}`;
}
