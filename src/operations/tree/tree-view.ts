import { TICKS_PER_SECOND } from '../../core/process/identity.ts';
import { isConsoleHost } from '../../core/process/program-name.ts';
import type { Role } from '../../core/tree/manifest.ts';
import type { Judgement } from '../../core/verdicts/verdict.ts';
import type { Observation } from '../observe/observe.ts';

/** One process of a tree, as `status` shows it. */
export interface TreeMember {
  readonly judgement: Judgement;
  readonly role: Role | null;
  readonly depth: number;
  /** Lifetime average in percent of one core, as in `ps -o pcpu`; null if the reader does not know it. */
  readonly cpuPercent: number | null;
}

/** The managed processes of a tree, each after its parent, without the parts of Windows among them. */
export function viewTree({ judgements, index }: Observation, treeId: string): readonly TreeMember[] {
  const byPid = new Map(judgements.map((judgement) => [judgement.row.pid, judgement]));
  const members: TreeMember[] = [];
  const add = (judgement: Judgement, depth: number) => {
    members.push({ judgement, role: judgement.role, depth, cpuPercent: cpuPercent(judgement) });
    for (const child of index.childrenOf(judgement.row.pid)) {
      const next = byPid.get(child.pid);
      if (next?.verdict === 'managed' && !next.isManagedRoot && !isConsoleHost(child.name)) add(next, depth + 1);
    }
  };
  for (const judgement of judgements) {
    if (judgement.isManagedRoot && judgement.treeId === treeId) add(judgement, 0);
  }
  return members;
}

/** The role programs with the mark of an unrecorded tree, each after its parent. */
export function viewMarkedTree({ judgements, index }: Observation, treeId: string): readonly TreeMember[] {
  const marked = judgements.filter(({ row, role }) => row.treeMark === treeId && role !== null);
  const pids = new Set(marked.map(({ row }) => row.pid));
  const byPid = new Map(marked.map((judgement) => [judgement.row.pid, judgement]));
  const members: TreeMember[] = [];
  const add = (judgement: Judgement, depth: number) => {
    members.push({ judgement, role: judgement.role, depth, cpuPercent: cpuPercent(judgement) });
    for (const { pid } of index.childrenOf(judgement.row.pid)) {
      const child = byPid.get(pid);
      if (child !== undefined) add(child, depth + 1);
    }
  };
  for (const judgement of marked) if (!pids.has(index.parentOf(judgement.row)?.pid ?? -1)) add(judgement, 0);
  return members;
}

function cpuPercent({ row, ageSeconds }: Judgement): number | null {
  if (row.cpuTicks === undefined || ageSeconds <= 0) return null;
  return Math.round(((row.cpuTicks / TICKS_PER_SECOND) * 1000) / ageSeconds) / 10;
}
