import * as v from 'valibot';
import { type Manifest, type ManifestEntry, TREE_ROLES } from '../../core/tree/manifest.ts';
import type { RetiredTree } from '../../operations/ports/process.ts';
import { check, Count, Pid, PidNamespace, Timestamp, TreeId } from '../files/schema.ts';

/** The version this program writes. */
const SCHEMA_VERSION = 1;

// Unknown fields are kept: another version may have written them, and manifests are rewritten.
const Identity = v.looseObject({
  pid: Pid,
  startTicks: v.exactOptional(Count),
  startedAt: Timestamp,
  bootId: v.exactOptional(v.string()),
});

const Entry = v.looseObject({
  role: v.picklist(TREE_ROLES),
  identity: Identity,
  pgid: v.exactOptional(Count),
  owner: v.exactOptional(Identity),
  command: v.array(v.string()),
  registeredAt: Timestamp,
  endedAt: v.exactOptional(Timestamp),
});

const ManifestSchema: v.GenericSchema<unknown, Manifest> = v.looseObject({
  schemaVersion: v.literal(SCHEMA_VERSION),
  treeId: TreeId,
  state: v.picklist(['starting', 'running', 'stopping', 'failed']),
  machineId: v.exactOptional(v.string()),
  bootId: v.string(),
  pidNamespace: v.exactOptional(PidNamespace),
  dataDir: v.string(),
  startedAt: Timestamp,
  retiredAt: v.exactOptional(Timestamp),
  entries: v.array(Entry),
});

export type ManifestCheck =
  | { readonly kind: 'good'; readonly manifest: Manifest }
  | { readonly kind: 'damaged' | 'newer'; readonly reason: string };

/** Parses the text of a manifest file. */
export function parseManifest(text: string): ManifestCheck {
  try {
    return checkManifest(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: 'damaged', reason: text.trim() === '' ? 'is empty' : 'is not JSON (truncated or overwritten)' };
  }
}

/** The processes that a retired manifest names; undefined if it is not retired, or looks damaged. */
export function parseRetired(text: string, treeId: string): RetiredTree | undefined {
  let value: Partial<Manifest> | null;
  try {
    value = JSON.parse(text) as Partial<Manifest> | null;
  } catch {
    return undefined;
  }
  if (value?.schemaVersion !== SCHEMA_VERSION || value.treeId !== treeId) return undefined;
  if (typeof value.retiredAt !== 'string' || !Array.isArray(value.entries)) return undefined;
  const entries = value.entries as readonly (Partial<ManifestEntry> | null)[];
  // A damaged file may contain anything here.
  const owners = entries.flatMap((entry) => (entry?.owner === undefined ? [] : [entry.owner]));
  const processes: readonly unknown[] = [...entries.map((entry) => entry?.identity), ...owners];
  const { bootId } = value;
  if (!processes.every(isProcess)) return undefined;
  return { treeId, processes, ...(typeof bootId === 'string' ? { bootId } : {}) };
}

/** A start that is no number would hide young processes from the reading. */
function isProcess(value: unknown): value is RetiredTree['processes'][number] {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, startTicks = 0 } = value as { readonly pid?: unknown; readonly startTicks?: unknown };
  return typeof pid === 'number' && typeof startTicks === 'number';
}

export function isTreeId(text: string): boolean {
  return v.is(TreeId, text);
}

/**
 * Checks a parsed value. The version is checked first, to distinguish a later version's manifest from a damaged one.
 */
export function checkManifest(value: unknown): ManifestCheck {
  const newer = newerVersion(value, SCHEMA_VERSION);
  if (newer !== undefined) return { kind: 'newer', reason: newer };
  const result = check(ManifestSchema, value);
  if (result.ok) return { kind: 'good', manifest: result.value };
  return { kind: 'damaged', reason: `is not a manifest: ${result.problem}` };
}

/** The reason to refuse a document whose `schemaVersion` is above the known one; undefined for any other. */
export function newerVersion(value: unknown, known: number): string | undefined {
  if (typeof value !== 'object' || value === null || !('schemaVersion' in value)) return undefined;
  const version = value.schemaVersion;
  if (typeof version !== 'number' || !(version > known)) return undefined;
  return `has schemaVersion ${version}, written by a later version of claude-mem (this one reads ${known})`;
}
