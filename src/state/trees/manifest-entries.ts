import { rootEntry, type Manifest, type ManifestEntry, type StoredIdentity } from '../../core/tree/manifest.ts';

/** Adds an entry. One that is there already, because its registration was sent twice, stays as it is. */
export function registerEntry(manifest: Manifest, entry: ManifestEntry): Manifest {
  const isKnown = manifest.entries.some(
    (known) => known.role === entry.role && isSameRecord(known.identity, entry.identity),
  );
  return isKnown ? manifest : { ...manifest, entries: [...manifest.entries, entry] };
}

/**
 * Notes when a process was let go of or seen to end; the entry stays. The first such date stands. A manifest that has no such
 * entry comes back as it is.
 * @param at ISO 8601.
 */
export function endEntry(manifest: Manifest, identity: StoredIdentity, at: string): Manifest {
  const isMeant = (entry: ManifestEntry): boolean =>
    entry.endedAt === undefined && isSameRecord(entry.identity, identity);
  if (!manifest.entries.some(isMeant)) return manifest;
  return {
    ...manifest,
    entries: manifest.entries.map((entry) => (isMeant(entry) ? { ...entry, endedAt: at } : entry)),
  };
}

/** How many entries of processes that were seen gone a tree keeps: enough to tell what happened around a crash loop. */
const KEPT_ENDED_ENTRIES = 300;

/**
 * Ends the entries of processes that were seen gone, the root's excepted, and drops the oldest of these beyond the number that is kept.
 * An entry whose process may live stays whatever its age.
 * @param gone who was looked up in a complete reading and is not there any more.
 * @param at ISO 8601.
 */
export function settleEntries(manifest: Manifest, gone: readonly StoredIdentity[], at: string): Manifest {
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

/** Whether two manifests' entries stand for the same processes, the first list being the beginning of the second. */
export function keepsEveryEntry(before: Manifest, after: Manifest): boolean {
  return before.entries.every((entry, index) => {
    const kept = after.entries[index];
    return kept?.role === entry.role && isSameRecord(kept.identity, entry.identity);
  });
}

/**
 * Whether two records speak of the same process. Both were written on this machine in the run of one tree, so this compares what
 * stands in them and decides nothing about what lives.
 */
function isSameRecord(left: StoredIdentity, right: StoredIdentity): boolean {
  if (left.pid !== right.pid) return false;
  if (left.bootId !== undefined && right.bootId !== undefined && left.bootId !== right.bootId) return false;
  if (left.startTicks !== undefined && right.startTicks !== undefined) return left.startTicks === right.startTicks;
  return left.startedAt === right.startedAt;
}
