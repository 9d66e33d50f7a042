/** What a process of ours is for. The uv wrapper and its python both bear the chroma role. */
export const ROLES = ['supervisor', 'worker', 'search', 'chroma-sync', 'chroma-search', 'setup'] as const;
export type Role = (typeof ROLES)[number];

export function isChromaRole(role: Role | null | undefined): boolean {
  return role === 'chroma-sync' || role === 'chroma-search';
}

/** Identity of a process as it is stored; what an entry lacks it takes from its manifest. */
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
  /** Process group it was spawned into; information for people, never signalled. */
  readonly pgid?: number;
  /** Who spawned it. A root has none. */
  readonly owner?: StoredIdentity;
  readonly command: readonly string[];
  /** ISO 8601. */
  readonly registeredAt: string;
  /** ISO 8601; when the owner let go of it or saw it end. */
  readonly endedAt?: string;
}

/** This version writes UUIDs. A record is accepted with any name that is safe as a file name. */
export const TREE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export type TreeState = 'starting' | 'running' | 'stopping' | 'failed';

/** What was recorded about one tree. One file a tree, written by its root alone. */
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
  /** ISO 8601; set once every process in it was seen gone. */
  readonly retiredAt?: string;
  readonly entries: readonly ManifestEntry[];
}

/**
 * The root's own entry: the supervisor's, else the first that has no owner. None where every entry has one: to take another for the
 * root would declare a live tree dead by the death of a child.
 */
export function rootEntry(manifest: Manifest): ManifestEntry | undefined {
  return (
    manifest.entries.find((entry) => entry.role === 'supervisor' && entry.owner === undefined) ??
    manifest.entries.find((entry) => entry.owner === undefined)
  );
}
