import { rootEntry, type Manifest, type ManifestEntry, type StoredIdentity } from '../../core/tree/manifest.ts';

/** Adds an entry. An entry that exists already, because its registration was sent twice, stays unchanged. */
export function registerEntry(manifest: Manifest, entry: ManifestEntry): Manifest {
  const isKnown = manifest.entries.some(
    (known) => known.role === entry.role && isSameRecord(known.identity, entry.identity),
  );
  return isKnown ? manifest : { ...manifest, entries: [...manifest.entries, entry] };
}

/**
 * Records when processes were released or seen to end. The entries stay, and the first date stays. Returns the same manifest if it has none
 * of them.
 * @param at ISO 8601.
 */
export function endEntries(manifest: Manifest, identities: readonly StoredIdentity[], at: string): Manifest {
  const isMeant = ({ endedAt, identity }: ManifestEntry): boolean =>
    endedAt === undefined && identities.some((one) => isSameRecord(identity, one));
  if (!manifest.entries.some(isMeant)) return manifest;
  return {
    ...manifest,
    entries: manifest.entries.map((entry) => (isMeant(entry) ? { ...entry, endedAt: at } : entry)),
  };
}

/** How many entries of ended processes a tree keeps: enough to analyze a crash loop. */
const KEPT_ENDED_ENTRIES = 300;

/**
 * Marks the entries of vanished processes as ended, except the root's, and drops the oldest ended entries beyond the
 * limit. An entry whose process may still live stays regardless of its age.
 * @param gone identities that were looked up in a complete snapshot and not found.
 * @param at ISO 8601.
 */
export function markEntriesGone(manifest: Manifest, gone: readonly StoredIdentity[], at: string): Manifest {
  const root = rootEntry(manifest);
  const isGone = (entry: ManifestEntry): boolean =>
    entry !== root && gone.some((identity) => isSameRecord(entry.identity, identity));
  const settled = manifest.entries.filter(isGone);
  const dropped = new Set(settled.slice(0, Math.max(0, settled.length - KEPT_ENDED_ENTRIES)));
  if (dropped.size === 0 && settled.every((entry) => entry.endedAt !== undefined)) return manifest;
  const ended = new Set(settled);
  return {
    ...manifest,
    entries: manifest.entries
      .filter((entry) => !dropped.has(entry))
      .map((entry) => (ended.has(entry) && entry.endedAt === undefined ? { ...entry, endedAt: at } : entry)),
  };
}

/** Whether the first manifest's entries are a prefix of the second's, comparing the processes they describe. */
export function keepsEveryEntry(before: Manifest, after: Manifest): boolean {
  return before.entries.every((entry, index) => {
    const kept = after.entries[index];
    return kept?.role === entry.role && isSameRecord(kept.identity, entry.identity);
  });
}

/**
 * Whether two records describe the same process. Both come from this machine and one run of a tree, so this compares
 * the recorded fields. The result says nothing about living processes.
 */
function isSameRecord(left: StoredIdentity, right: StoredIdentity): boolean {
  if (left.pid !== right.pid) return false;
  if (left.bootId !== undefined && right.bootId !== undefined && left.bootId !== right.bootId) return false;
  if (left.startTicks !== undefined && right.startTicks !== undefined) return left.startTicks === right.startTicks;
  return left.startedAt === right.startedAt;
}
