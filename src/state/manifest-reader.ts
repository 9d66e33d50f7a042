import { lstatSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Manifest } from '../core/manifest.ts';
import type { DamagedManifest, ManifestReading } from '../operations/ports.ts';
import { errnoOf } from '../shared/errors.ts';
import { readBoundedText, UnsuitableFileError } from './bounded-read.ts';
import { describeErrno } from './io-error.ts';
import { treesFolder } from './manifest-path.ts';
import { parseManifest } from './manifest-schema.ts';

/** Some 150,000 entries: more than a tree comes to in years. What is larger is not read, and not written either. */
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

export type ManifestFile =
  | { readonly kind: 'good'; readonly manifest: Manifest }
  | { readonly kind: DamagedManifest['kind'] | 'missing'; readonly reason: string };

/**
 * Reads every manifest of a data dir, retired ones too. Creates nothing and never throws for a bad file; a folder that is not there
 * holds nothing.
 */
export function readManifests(dataDir: string): ManifestReading {
  const folder = treesFolder(dataDir);
  const manifests: Manifest[] = [];
  const damaged: DamagedManifest[] = [];
  const names = listManifestNames(folder);
  if (!Array.isArray(names)) return { manifests, damaged: [names] };
  for (const file of names.map((name) => join(folder, name))) {
    const result = readManifestFile(file);
    if (result.kind === 'good') manifests.push(result.manifest);
    else if (result.kind !== 'missing') damaged.push({ file, kind: result.kind, reason: result.reason });
  }
  return { manifests, damaged };
}

/** Reads one manifest; its file must bear the name of the tree it is about, or it is a copy. */
export function readManifestFile(file: string): ManifestFile {
  let result: ManifestFile;
  try {
    result = parseManifest(readBoundedText(file, MAX_MANIFEST_BYTES));
  } catch (error) {
    return unreadable(file, error);
  }
  if (result.kind !== 'good' || basename(file) === `${result.manifest.treeId}.json`) return result;
  return { kind: 'damaged', reason: `is named otherwise than the tree it is about (${result.manifest.treeId})` };
}

/** Temporary files (a leading dot), files set aside and whatever else lies there are no manifests. */
function listManifestNames(folder: string): string[] | DamagedManifest {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && !isThere(folder)) return [];
    return { file: folder, kind: 'unreadable', reason: `cannot be listed: ${describeErrno(error)}` };
  }
}

function unreadable(file: string, error: unknown): ManifestFile {
  if (error instanceof UnsuitableFileError)
    return { kind: 'damaged', reason: 'is not a regular file of sensible size' };
  // Retired ones are removed while others read: a name that is gone is no damage, a link that leads nowhere is.
  if (errnoOf(error) !== 'ENOENT') return { kind: 'unreadable', reason: `cannot be read: ${describeErrno(error)}` };
  return isThere(file)
    ? { kind: 'damaged', reason: 'is a link that leads nowhere' }
    : { kind: 'missing', reason: 'is not there' };
}

/** Whether anything bears that name, a link that leads nowhere included. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
