import { memoryOf } from '../../../core/health/tree-memory.ts';
import type { Judgement } from '../../../core/verdicts/verdict.ts';
import { count, formatBytes } from '../../../core/text/wording.ts';

/** Only the first pids are listed. */
const NAMED_PIDS = 8;

/** `2 orphans using 211 MB (pid 1016, 1036)`. */
export function describeHeld(judgements: readonly Judgement[], noun: string, plural?: string): string {
  const rows = judgements.map(({ row }) => row);
  const { bytes, isProportional } = memoryOf(rows);
  const more = rows.length > NAMED_PIDS ? ', …' : '';
  const pids = rows.slice(0, NAMED_PIDS).map(({ pid }) => pid);
  const held = `using ${formatBytes(bytes)}${isProportional ? '' : ' (RSS)'}`;
  return `${count(rows.length, noun, plural)} ${held} (pid ${pids.join(', ')}${more})`;
}
