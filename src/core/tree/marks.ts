import { formatOwnerMark, type IdentityScope } from '../process/identity.ts';
import type { Role } from './manifest.ts';

/** The environment variables that mark a claude-mem process from its start. */
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
  /** The process that spawns it. A root has no owner mark: the program that started it may exit. */
  readonly owner?: { readonly pid: number; readonly startTicks?: number | undefined; readonly scope: IdentityScope };
}

/**
 * Adds marks to an environment, in front: a reader sees only the beginning of a long environment. Programs that pass their environment on
 * keep its order or sort it by name.
 */
export function markedEnvironment<Value>(
  environment: Readonly<Record<string, Value>>,
  marks: Readonly<Record<string, Value>>,
): Record<string, Value> {
  return { ...marks, ...environment, ...marks };
}

/** The marks for the environment of a spawn. Without an owner, the owner mark is undefined, which removes an inherited one. */
export function marksFor({ treeId, role, dataDir, owner }: MarkInput): Readonly<Record<string, string | undefined>> {
  return {
    [MARKS.tree]: treeId,
    [MARKS.role]: role,
    [MARKS.dataDir]: dataDir,
    // Without start ticks (macOS) a mark cannot identify an owner; manifests do.
    [MARKS.owner]:
      owner?.startTicks === undefined
        ? undefined
        : formatOwnerMark({ pid: owner.pid, startTicks: owner.startTicks }, owner.scope),
  };
}
