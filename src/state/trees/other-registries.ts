import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { OtherRegistry } from '../../core/process/snapshot.ts';
import { errnoOf } from '../../shared/errors.ts';
import { trustIn } from '../../shared/own-file.ts';
import { readTrustedTextIfAny, UnsuitableFileError } from '../files/bounded-read.ts';

/** Where the published plugin records its processes. It shares the data dir with claude-mem and owns these files. */
const REGISTRY_FILES = [
  'supervisor.json',
  'worker.pid',
  'chroma/.claude-mem-chroma-writer.lock',
  'vectors/.claude-mem-chroma-writer.lock',
  'vector-db/.claude-mem-chroma-writer.lock',
] as const;

/** The file does not exist, or its path is not a file. */
const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENXIO']);

/** Real registries have a few hundred bytes; a larger file is not one. */
const MAX_REGISTRY_BYTES = 1024 * 1024;

/** The registries that exist. Never writes. */
export function readOtherRegistries(dataDir: string): OtherRegistry[] {
  return REGISTRY_FILES.map((name) => readRegistry(dataDir, name)).filter((registry) => registry !== undefined);
}

function readRegistry(dataDir: string, name: string): OtherRegistry | undefined {
  const file = join(dataDir, name);
  try {
    const content = readTrustedTextIfAny(file, MAX_REGISTRY_BYTES, trustIn(dataDir));
    return content === undefined ? undefined : { file, content };
  } catch (error) {
    if (error instanceof UnsuitableFileError && lstatSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
      return undefined;
    // Unreadable (too long, another user's, no descriptor left …): reported as null, so that its processes do not count
    // as unrecorded.
    return MISSING.has(errnoOf(error) ?? '') ? undefined : { file, content: null };
  }
}
