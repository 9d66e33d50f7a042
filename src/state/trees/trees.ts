import { mkdirSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Manifest, ManifestEntry, StoredIdentity } from '../../core/tree/manifest.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import { syncFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { ioError } from '../files/io-error.ts';
import { endEntries, keepsEveryEntry, registerEntry, markEntriesGone } from './manifest-entries.ts';
import { isThere, MAX_MANIFEST_BYTES, readManifestFile } from './manifest-reader.ts';
import { manifestPath, retiredFolder, treesFolder } from './manifest-path.ts';
import { checkManifest } from './manifest-schema.ts';
import { putRetiredAway } from './retired-manifests.ts';

/**
 * Writes manifests. Only its root writes a live tree's manifest; a dead tree's is written under `operation.lock`. The
 * store itself does not prevent a second writer. Every method is synchronous and returns once the change is on disk,
 * because a record must exist before its process.
 */
export interface TreeStore {
  /** @throws ClaudeMemError `io`, also if the tree already has a file. */
  create(manifest: Manifest): void;
  /**
   * Reads, changes, and writes a manifest. Writes nothing if the change returns the same object.
   * @throws ClaudeMemError `manifest-unreadable` if it is missing or damaged; `io` if it cannot be written.
   * @throws Error if the change drops an entry or makes the manifest invalid: a bug in the caller.
   */
  update(treeId: string, change: (manifest: Manifest) => Manifest): Manifest;
  register(treeId: string, entry: ManifestEntry): Manifest;
  /**
   * Ends the entries of these processes in one write.
   * @param at ISO 8601.
   */
  endEntries(treeId: string, identities: readonly StoredIdentity[], at: string): Manifest;
  /**
   * Marks the entries of vanished processes as ended and drops the oldest ended entries beyond a few hundred, so that a
   * long crash loop does not fill the disk.
   * @param at ISO 8601.
   */
  markGone(treeId: string, gone: readonly StoredIdentity[], at: string): Manifest;
  /**
   * Retires a manifest once all processes of the tree are gone.
   * @param at ISO 8601; the first date stays.
   */
  retire(treeId: string, at: string): Manifest;
  /**
   * Renames a damaged file to `<name>.damaged-<n>` and returns that path. Refuses valid manifests and those of a later
   * version.
   */
  setAside(file: string): string;
  /**
   * Puts retired manifests away, except the latest ones, so that no command reads them again. Removes those that were retired more than 7
   * days before `now`.
   */
  putRetiredAway(now: Date): void;
}

/** The manifests of a data dir, which must exist. */
export function openTreeStore(dataDir: string): TreeStore {
  const change = (
    treeId: string,
    edit: (manifest: Manifest) => Manifest,
    check: (before: Manifest, after: Manifest) => Manifest,
  ) => {
    const file = manifestPath(dataDir, treeId);
    const before = readForUpdate(file);
    const after = edit(before);
    if (after !== before) write(file, check(before, after));
    return after;
  };
  const update: TreeStore['update'] = (treeId, edit) => change(treeId, edit, assertSuccessor);
  return {
    create: (manifest) => {
      create(dataDir, manifest);
    },
    update,
    register: (treeId, entry) => update(treeId, (manifest) => registerEntry(manifest, entry)),
    endEntries: (treeId, identities, at) => update(treeId, (manifest) => endEntries(manifest, identities, at)),
    markGone: (treeId, gone, at) =>
      change(
        treeId,
        (manifest) => markEntriesGone(manifest, gone, at),
        (_, after) => after,
      ),
    retire: (treeId, at) =>
      update(treeId, (manifest) => (manifest.retiredAt === undefined ? { ...manifest, retiredAt: at } : manifest)),
    setAside: (file) => setAside(dataDir, file),
    putRetiredAway: (now) => {
      putRetiredAway(dataDir, now);
    },
  };
}

function create(dataDir: string, manifest: Manifest): void {
  const file = manifestPath(dataDir, manifest.treeId);
  const folder = treesFolder(dataDir);
  try {
    if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) syncFolder(dataDir);
  } catch (error) {
    throw ioError('create', folder, error);
  }
  if (isThere(file)) {
    throw new ClaudeMemError('io', `${file} already exists, and a manifest is never overwritten`, {
      hint: 'Start again: each start uses a new tree id.',
    });
  }
  write(file, manifest);
}

function readForUpdate(file: string): Manifest {
  const result = readManifestFile(file);
  if (result.kind === 'good') return result.manifest;
  throw new ClaudeMemError('manifest-unreadable', `${file} ${result.reason}`, {
    hint: 'Run `claude-mem doctor`. The processes of the tree are still found by their marks.',
  });
}

/** Records are never overwritten or dropped, even if a caller has a bug. */
function assertSuccessor(before: Manifest, after: Manifest): Manifest {
  if (after.treeId !== before.treeId) throw new Error(`the change would replace the tree id ${before.treeId}`);
  if (!keepsEveryEntry(before, after)) throw new Error(`the change would drop an entry of tree ${before.treeId}`);
  return after;
}

function write(file: string, manifest: Manifest): void {
  const checked = checkManifest(manifest);
  if (checked.kind !== 'good') throw new Error(`refused to write a manifest that ${checked.reason}`);
  const text = `${JSON.stringify(checked.manifest)}\n`;
  if (Buffer.byteLength(text) > MAX_MANIFEST_BYTES)
    throw new Error(`refused to write ${file}: it would be too large to read`);
  writeFileAtomic(file, text);
}

function setAside(dataDir: string, file: string): string {
  if (![treesFolder(dataDir), retiredFolder(dataDir)].includes(dirname(file)))
    throw new Error(`${file} is not a manifest of ${dataDir}`);
  const found = readManifestFile(file);
  if (found.kind !== 'damaged') {
    const what = found.kind === 'good' ? 'is a valid manifest' : found.reason;
    throw new ClaudeMemError('manifest-unreadable', `${file} is not set aside: it ${what}`);
  }
  const target = freeName(file);
  try {
    renameSync(file, target);
    syncFolder(dirname(file));
  } catch (error) {
    throw ioError('set aside', file, error);
  }
  return target;
}

/** Looks for a free name first, because a rename overwrites silently. The caller holds `operation.lock`. */
function freeName(file: string): string {
  for (let number = 1; ; number += 1) {
    const name = join(dirname(file), `${basename(file)}.damaged-${number}`);
    if (!isThere(name)) return name;
  }
}
