import { describeLeaks } from '../../../operations/leaks/describe-groups.ts';
import type { LeakGroup } from '../../../operations/leaks/groups.ts';
import { count } from '../../terminal/format.ts';

/** `End these 60 chroma-mcp (120 processes)?` */
export function questionFor(groups: readonly LeakGroup[]): string {
  const processes = processesIn(groups);
  const leaks = groups.reduce((sum, { chains }) => sum + chains.length, 0);
  if (leaks === 1 && processes === 1) return 'End this process?';
  const names = describeLeaks(groups).replaceAll(/ \([^)]*\)/g, '');
  const extent = processes === leaks ? '' : ` (${count(processes, 'process', 'processes')})`;
  return leaks === 1 ? `End this ${names.replace(/^1 /, '')}${extent}?` : `End these ${names}${extent}?`;
}

/** The number of processes in these groups. */
export function processesIn(groups: readonly LeakGroup[]): number {
  return groups.reduce((sum, { judgements }) => sum + judgements.length, 0);
}
