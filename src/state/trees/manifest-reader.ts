import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Manifest } from '../../core/tree/manifest.ts';
import type { DamagedManifest, ManifestReading, RetiredTree } from '../../operations/ports/process.ts';
import { errnoOf } from '../../shared/errors.ts';
import { assertTrustedFolder, type Trust, trustIn } from '../../shared/own-file.ts';
import { readTrustedText, UnsuitableFileError } from '../files/bounded-read.ts';
import { describeErrno } from '../files/io-error.ts';
import { retiredFolder, treesFolder } from './manifest-path.ts';
import { isTreeId, parseManifest, parseRetired } from './manifest-schema.ts';

/**
 * About 2,500 entries; entries of ended processes are dropped beyond a few hundred. A larger file is neither read nor
 * written.
 */
export const MAX_MANIFEST_BYTES = 1024 * 1024;

export type ManifestFile =
  | { readonly kind: 'good'; readonly manifest: Manifest }
  | { readonly kind: DamagedManifest['kind'] | 'missing'; readonly reason: string };

/** Reads every manifest of a data dir. Creates nothing and never throws for a bad file. A missing folder contains none. */
export function readManifests(dataDir: string): ManifestReading {
  const folder = treesFolder(dataDir);
  const manifests: Manifest[] = [];
  const retired: RetiredTree[] = [];
  const damaged: DamagedManifest[] = [];
  const trust = trustOrDamage(dataDir, folder);
  if ('reason' in trust) return { manifests, retired, damaged: [trust] };
  const names = listManifestNames(folder, trust);
  if (!Array.isArray(names)) return { manifests, retired, damaged: [names] };
  for (const file of names.map((name) => join(folder, name))) {
    const result = readUnlessRetired(file, trust);
    if (result.kind === 'retired') retired.push(result.tree);
    else if (result.kind === 'good') manifests.push(result.manifest);
    else if (result.kind !== 'missing') damaged.push({ file, kind: result.kind, reason: result.reason });
  }
  return { manifests, retired, damaged };
}

/** The manifests of these trees among the retired ones, which `retiredFolder` may hold. */
export function readRetired(dataDir: string, treeIds: readonly string[]): Omit<ManifestReading, 'retired'> {
  const manifests: Manifest[] = [];
  const damaged: DamagedManifest[] = [];
  const trust = trustOrDamage(dataDir, treesFolder(dataDir));
  // `readManifests` reports a data dir that cannot be entered.
  if ('reason' in trust) return { manifests, damaged };
  for (const treeId of treeIds.filter(isTreeId)) {
    // In this order, because a manifest may be put away during the read.
    for (const file of [treesFolder(dataDir), retiredFolder(dataDir)].map((folder) => join(folder, `${treeId}.json`))) {
      const result = readManifestFile(file, trust);
      if (result.kind === 'missing') continue;
      if (result.kind === 'good') manifests.push(result.manifest);
      else damaged.push({ file, kind: result.kind, reason: result.reason });
      break;
    }
  }
  return { manifests, damaged };
}

/** Skips the check of a retired manifest, which takes ten times longer than reading it. */
function readUnlessRetired(
  file: string,
  trust: Trust,
): ManifestFile | { readonly kind: 'retired'; readonly tree: RetiredTree } {
  let text: string;
  try {
    text = readTrustedText(file, MAX_MANIFEST_BYTES, trust);
  } catch (error) {
    return unreadable(file, error);
  }
  const tree = text.includes('"retiredAt"') ? parseRetired(text, basename(file, '.json')) : undefined;
  return tree === undefined ? named(file, parseManifest(text)) : { kind: 'retired', tree };
}

/**
 * Reads one manifest. The file must belong to the owner of the data dir, because another user could forge it. Its name
 * must match its tree id, because a copy has another name.
 */
export function readManifestFile(file: string, trust = trustIn(dirname(dirname(file)))): ManifestFile {
  try {
    return named(file, parseManifest(readTrustedText(file, MAX_MANIFEST_BYTES, trust)));
  } catch (error) {
    return unreadable(file, error);
  }
}

function named(file: string, result: ManifestFile): ManifestFile {
  if (result.kind !== 'good' || basename(file) === `${result.manifest.treeId}.json`) return result;
  return { kind: 'damaged', reason: `has a file name that does not match its tree id (${result.manifest.treeId})` };
}

/** An inaccessible parent folder or a loop of links hides all records of a data dir. */
function trustOrDamage(dataDir: string, folder: string): Trust | DamagedManifest {
  try {
    return trustIn(dataDir);
  } catch (error) {
    return cannotBeListed(folder, error);
  }
}

function cannotBeListed(folder: string, error: unknown): DamagedManifest {
  return { file: folder, kind: 'unreadable', reason: `cannot be listed: ${describeErrno(error)}` };
}

/** Ignores temporary files (leading dot), files that were set aside, and all other files. */
function listManifestNames(folder: string, trust: Trust): string[] | DamagedManifest {
  try {
    assertTrustedFolder(folder, trust);
    // Looked for before it is listed, because an error of Node.js costs more than a listing.
    if (!isThere(folder)) return [];
    return readdirSync(folder).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && !isThere(folder)) return [];
    if (error instanceof UnsuitableFileError) return { file: folder, kind: 'unreadable', reason: error.reason };
    return cannotBeListed(folder, error);
  }
}

function unreadable(file: string, error: unknown): ManifestFile {
  if (error instanceof UnsuitableFileError) return { kind: 'damaged', reason: error.reason };
  // A retired manifest may be removed during the read; that is not damage.
  if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? ''))
    return { kind: 'unreadable', reason: `cannot be read: ${describeErrno(error)}` };
  return { kind: 'missing', reason: 'does not exist' };
}

/** Whether the path exists, including a link whose target does not. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
