import { formatOwnerMark, type Place } from '../process/identity.ts';
import type { Role } from './manifest.ts';

/** Names of the environment variables that mark a process of ours from birth on. */
export const MARKS = {
  tree: 'CLAUDE_MEM_TREE',
  owner: 'CLAUDE_MEM_OWNER',
  role: 'CLAUDE_MEM_ROLE',
  dataDir: 'CLAUDE_MEM_DATA_DIR',
} as const;

export interface MarkInput {
  readonly treeId: string;
  readonly role: Role;
  /** Resolved. */
  readonly dataDir: string;
  /** Who spawns it. A root bears none: who started it may go. */
  readonly owner?: { readonly pid: number; readonly startTicks?: number | undefined; readonly place: Place };
}

/**
 * An environment with marks in it, which come first: of a long environment a reader sees the beginning alone. A program that passes its
 * environment on keeps the order, or sorts it by name.
 */
export function markedEnvironment<Value>(
  environment: Readonly<Record<string, Value>>,
  marks: Readonly<Record<string, Value>>,
): Record<string, Value> {
  return { ...marks, ...environment, ...marks };
}

/** The marks for the environment of a spawn; without an owner the inherited owner mark is emptied, not passed on. */
export function marksFor({ treeId, role, dataDir, owner }: MarkInput): Readonly<Record<string, string | undefined>> {
  return {
    [MARKS.tree]: treeId,
    [MARKS.role]: role,
    [MARKS.dataDir]: dataDir,
    // Where starts have no ticks (macOS) an owner cannot be named in a mark; manifests do it there.
    [MARKS.owner]:
      owner?.startTicks === undefined
        ? undefined
        : formatOwnerMark({ pid: owner.pid, startTicks: owner.startTicks }, owner.place),
  };
}
