import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Manifest } from '../../core/tree/manifest.ts';
import type { DamagedManifest, ManifestReading } from '../../operations/ports/process.ts';
import { errnoOf } from '../../shared/errors.ts';
import { assertTrustedFolder, type Trust, trustIn } from '../../shared/own-file.ts';
import { readTrustedText, UnsuitableFileError } from '../files/bounded-read.ts';
import { describeErrno } from '../files/io-error.ts';
import { treesFolder } from './manifest-path.ts';
import { parseManifest } from './manifest-schema.ts';

/** Some 2,500 entries; those of ended processes are dropped beyond a few hundred. A larger file is not read, and not written either. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;

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
  const trust = trustOrDamage(dataDir, folder);
  if ('reason' in trust) return { manifests, damaged: [trust] };
  const names = listManifestNames(folder, trust);
  if (!Array.isArray(names)) return { manifests, damaged: [names] };
  for (const file of names.map((name) => join(folder, name))) {
    const result = readManifestFile(file, trust);
    if (result.kind === 'good') manifests.push(result.manifest);
    else if (result.kind !== 'missing') damaged.push({ file, kind: result.kind, reason: result.reason });
  }
  return { manifests, damaged };
}

/**
 * Reads one manifest. Its file must belong to the owner of the data dir, or somebody else wrote it, and bear the name of the tree it is
 * about, or it is a copy.
 */
export function readManifestFile(file: string, trust = trustIn(dirname(dirname(file)))): ManifestFile {
  let result: ManifestFile;
  try {
    result = parseManifest(readTrustedText(file, MAX_MANIFEST_BYTES, trust));
  } catch (error) {
    return unreadable(file, error);
  }
  if (result.kind !== 'good' || basename(file) === `${result.manifest.treeId}.json`) return result;
  return { kind: 'damaged', reason: `is named otherwise than the tree it is about (${result.manifest.treeId})` };
}

/** A data dir behind a folder that may not be entered, or in a loop of links, hides whatever it records. */
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

/** Temporary files (a leading dot), files set aside and whatever else lies there are no manifests. */
function listManifestNames(folder: string, trust: Trust): string[] | DamagedManifest {
  try {
    assertTrustedFolder(folder, trust);
    return readdirSync(folder).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && !isThere(folder)) return [];
    if (error instanceof UnsuitableFileError) return { file: folder, kind: 'unreadable', reason: error.reason };
    return cannotBeListed(folder, error);
  }
}

function unreadable(file: string, error: unknown): ManifestFile {
  if (error instanceof UnsuitableFileError) return { kind: 'damaged', reason: error.reason };
  // Retired ones are removed while others read: a name that is gone is no damage.
  if (errnoOf(error) !== 'ENOENT') return { kind: 'unreadable', reason: `cannot be read: ${describeErrno(error)}` };
  return { kind: 'missing', reason: 'is not there' };
}

/** Whether anything bears that name, a link that leads nowhere included. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
