import { describeAges, describeGroup, describeMemory, describePids } from '../../operations/leaks/describe-groups.ts';
import type { LeakGroup } from '../../operations/leaks/groups.ts';
import type { Output } from './output.ts';
import { evidenceLine, paintVerdict, painter, WIDEST } from './process-table.ts';
import { wrap } from './wrap.ts';

/** Prints one block per group: what was left by which process, its memory, age and pids, and the newest evidence. */
export function groupBlocks(groups: readonly LeakGroup[], takenAt: string, output: Output): string {
  const width = Math.min(output.columns, WIDEST);
  return groups
    .map((group) =>
      blockOf(group, takenAt, output)
        .map((line) => wrap(line, width))
        .join('\n'),
    )
    .join('\n\n');
}

function blockOf(group: LeakGroup, takenAt: string, output: Output): readonly string[] {
  const paint = painter(output);
  const { chains, judgements, newest, verdict } = group;
  const facts = [paintVerdict(verdict, paint), describeAges(group), describePids(judgements)];
  const whose = chains.length === 1 ? '' : `newest, pid ${newest.row.pid}: `;
  return [
    `${paint.bold(describeGroup(group, takenAt))}: ${describeMemory(group)}`,
    `  ${facts.join(', ')}`,
    `  ${whose}${evidenceLine(newest)}`,
  ];
}
