import type { Role } from './manifest.ts';
import type { Judgement } from './verdict.ts';

/** How many managed processes a tree may have of each role. The uv wrapper and its python both bear the chroma role. */
export const ROLE_BOUNDS: Readonly<Record<Role, number>> = {
  supervisor: 1,
  worker: 1,
  search: 1,
  'chroma-sync': 2,
  'chroma-search': 2,
  // Itself, the uv it runs, and the python below that; of an environment it makes, a pip too.
  setup: 4,
};

/** A role of which a tree has more processes than it may. */
export interface ExceededBound {
  readonly treeId: string;
  readonly role: Role;
  readonly pids: readonly number[];
  readonly most: number;
}

/** The roles of which more processes are managed than their tree may have. */
export function exceededBounds(judgements: readonly Judgement[]): readonly ExceededBound[] {
  const pids = new Map<string, { readonly treeId: string; readonly role: Role; readonly pids: number[] }>();
  for (const { verdict, treeId, role, row } of judgements) {
    if (verdict !== 'managed' || treeId === null || role === null) continue;
    const key = `${treeId} ${role}`;
    const known = pids.get(key);
    if (known === undefined) pids.set(key, { treeId, role, pids: [row.pid] });
    else known.pids.push(row.pid);
  }
  return [...pids.values()]
    .map((group) => ({ ...group, most: ROLE_BOUNDS[group.role] }))
    .filter((group) => group.pids.length > group.most);
}
