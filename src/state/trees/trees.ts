import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Manifest, ManifestEntry, StoredIdentity } from '../../core/tree/manifest.ts';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { syncFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { ioError } from '../files/io-error.ts';
import { endEntry, keepsEveryEntry, registerEntry, settleEntries } from './manifest-entries.ts';
import { isThere, MAX_MANIFEST_BYTES, readManifestFile } from './manifest-reader.ts';
import { manifestPath, treesFolder } from './manifest-path.ts';
import { checkManifest } from './manifest-schema.ts';

/** How long a retired manifest can still be asked about. */
const RETIRED_KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Writes manifests. A live tree's is written by its root alone, a dead tree's under `operation.lock`: nothing here guards against a
 * second writer. Every method is synchronous and returns when the change is on the disk, because a record must be there before
 * the process it is about.
 */
export interface TreeStore {
  /** @throws ClaudeMemError `io` also when that tree has a file already. */
  create(manifest: Manifest): void;
  /**
   * Reads, changes, writes; writes nothing if the change returns the very same manifest.
   * @throws ClaudeMemError `manifest-unreadable` when it is missing or damaged, `io` when it cannot be written.
   * @throws Error when the change drops an entry or makes it unreadable: a mistake in the caller.
   */
  update(treeId: string, change: (manifest: Manifest) => Manifest): Manifest;
  register(treeId: string, entry: ManifestEntry): Manifest;
  /** @param at ISO 8601. */
  endEntry(treeId: string, identity: StoredIdentity, at: string): Manifest;
  /**
   * Ends the entries of processes that were seen gone, and drops the oldest of those beyond a few hundred: a crash loop of months must
   * not fill the disk.
   * @param at ISO 8601.
   */
  settle(treeId: string, gone: readonly StoredIdentity[], at: string): Manifest;
  /** Call it once every process in the tree was seen gone. @param at ISO 8601; the first one stands. */
  retire(treeId: string, at: string): Manifest;
  /** Renames a damaged file to `<name>.damaged-<n>` and returns that path. Refuses good ones and those of a later version. */
  setAside(file: string): string;
  /** Removes those of the manifests that were retired more than 7 days before `now`; returns their paths. Nothing is retired twice. */
  removeRetired(manifests: readonly Manifest[], now: Date): readonly string[];
}

/** The manifests below a data dir, which must exist. */
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
    endEntry: (treeId, identity, at) => update(treeId, (manifest) => endEntry(manifest, identity, at)),
    settle: (treeId, gone, at) =>
      change(
        treeId,
        (manifest) => settleEntries(manifest, gone, at),
        (_, after) => after,
      ),
    retire: (treeId, at) =>
      update(treeId, (manifest) => (manifest.retiredAt === undefined ? { ...manifest, retiredAt: at } : manifest)),
    setAside: (file) => setAside(dataDir, file),
    removeRetired: (manifests, now) => removeRetired(dataDir, manifests, now),
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
    throw new ClaudeMemError('io', `${file} exists already: a manifest is never overwritten`, {
      hint: 'A tree id is used once; start again.',
    });
  }
  write(file, manifest);
}

function readForUpdate(file: string): Manifest {
  const result = readManifestFile(file);
  if (result.kind === 'good') return result.manifest;
  throw new ClaudeMemError('manifest-unreadable', `${file} ${result.reason}`, {
    hint: 'Run `claude-mem doctor`; its processes are still found by their marks.',
  });
}

/** A record is never overwritten and never dropped: no caller can do it by mistake. */
function assertSuccessor(before: Manifest, after: Manifest): Manifest {
  if (after.treeId !== before.treeId) throw new Error(`a manifest cannot change its tree: ${before.treeId}`);
  if (!keepsEveryEntry(before, after)) throw new Error(`an entry of tree ${before.treeId} would be dropped`);
  return after;
}

function write(file: string, manifest: Manifest): void {
  const checked = checkManifest(manifest);
  if (checked.kind !== 'good') throw new Error(`refusing to write a manifest that ${checked.reason}`);
  const text = `${JSON.stringify(checked.manifest)}\n`;
  if (Buffer.byteLength(text) > MAX_MANIFEST_BYTES) throw new Error(`refusing to write ${file}: nobody would read it`);
  writeFileAtomic(file, text);
}

function setAside(dataDir: string, file: string): string {
  if (dirname(file) !== treesFolder(dataDir)) throw new Error(`${file} is not a manifest of ${dataDir}`);
  const found = readManifestFile(file);
  if (found.kind !== 'damaged') {
    const what = found.kind === 'good' ? 'is a good manifest' : found.reason;
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

/** Rename overwrites silently, so the name is looked for first; whoever sets aside holds `operation.lock`. */
function freeName(file: string): string {
  for (let number = 1; ; number += 1) {
    const name = join(dirname(file), `${basename(file)}.damaged-${number}`);
    if (!isThere(name)) return name;
  }
}

function removeRetired(dataDir: string, manifests: readonly Manifest[], now: Date): string[] {
  const removed: string[] = [];
  for (const { treeId, retiredAt } of manifests) {
    if (retiredAt === undefined || now.getTime() - Date.parse(retiredAt) <= RETIRED_KEPT_MS) continue;
    const file = manifestPath(dataDir, treeId);
    try {
      rmSync(file);
      removed.push(file);
    } catch (error) {
      // Somebody else removed it: that is what was wanted.
      if (errnoOf(error) !== 'ENOENT') throw ioError('remove', file, error);
    }
  }
  return removed;
}
