/** The roles that marks and manifests name. The uv wrapper and its python have the same chroma role. */
export const TREE_ROLES = ['supervisor', 'worker', 'search', 'chroma-sync', 'chroma-search', 'setup'] as const;

/** All roles. An observer is a coding agent that a worker of the published plugin runs to summarize a session. */
export const ROLES = [...TREE_ROLES, 'observer'] as const;
export type Role = (typeof ROLES)[number];

export function isChromaRole(role: Role | null | undefined): boolean {
  return role === 'chroma-sync' || role === 'chroma-search';
}

/** The stored identity of a process. An absent boot id is that of the manifest. */
export interface StoredIdentity {
  readonly pid: number;
  /** Clock ticks since boot (Linux). */
  readonly startTicks?: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly bootId?: string;
}

export interface ManifestEntry {
  readonly role: Role;
  readonly identity: StoredIdentity;
  /** Process group at spawn. For people only; never signalled. */
  readonly pgid?: number;
  /** The process that spawned it. A root has none. */
  readonly owner?: StoredIdentity;
  readonly command: readonly string[];
  /** ISO 8601. */
  readonly registeredAt: string;
  /** ISO 8601; when the owner released the process or saw it end. */
  readonly endedAt?: string;
}

/** This version writes UUIDs, but accepts every id that is safe as a file name. */
export const TREE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export type TreeState = 'starting' | 'running' | 'stopping' | 'failed';

/** The record of one tree: one file, written by the tree's root only. */
export interface Manifest {
  readonly schemaVersion: 1;
  readonly treeId: string;
  readonly state: TreeState;
  readonly machineId?: string;
  readonly bootId: string;
  readonly pidNamespace?: string;
  readonly dataDir: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** ISO 8601; set once every recorded process was seen gone. */
  readonly retiredAt?: string;
  readonly entries: readonly ManifestEntry[];
}

/**
 * The root's own entry: the supervisor's, else the first one without an owner. Undefined if every entry has an owner: a wrong root would
 * make the death of a child look like the death of the tree.
 */
export function rootEntry(manifest: Manifest): ManifestEntry | undefined {
  return (
    manifest.entries.find((entry) => entry.role === 'supervisor' && entry.owner === undefined) ??
    manifest.entries.find((entry) => entry.owner === undefined)
  );
}
