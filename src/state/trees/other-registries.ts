import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { OtherRegistry } from '../../core/process/snapshot.ts';
import { errnoOf } from '../../shared/errors.ts';
import { trustIn } from '../../shared/own-file.ts';
import { readTrustedText, UnsuitableFileError } from '../files/bounded-read.ts';

/** Where the published plugin records its processes. It shares the data dir with us; these files are its own. */
const REGISTRY_FILES = [
  'supervisor.json',
  'worker.pid',
  'chroma/.claude-mem-chroma-writer.lock',
  'vectors/.claude-mem-chroma-writer.lock',
  'vector-db/.claude-mem-chroma-writer.lock',
] as const;

/** No such file, or something else in its place or that of its folder. */
const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENXIO']);

/** The real ones hold a few hundred bytes; a larger file is something else. */
const MAX_REGISTRY_BYTES = 1024 * 1024;

/** Those that are there. Never writes. */
export function readOtherRegistries(dataDir: string): OtherRegistry[] {
  return REGISTRY_FILES.map((name) => readRegistry(dataDir, name)).filter((registry) => registry !== undefined);
}

function readRegistry(dataDir: string, name: string): OtherRegistry | undefined {
  const file = join(dataDir, name);
  try {
    return { file, content: readTrustedText(file, MAX_REGISTRY_BYTES, trustIn(dataDir)) };
  } catch (error) {
    if (error instanceof UnsuitableFileError && lstatSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
      return undefined;
    // Hidden, too long, another user's, or no descriptor left: a process it may record must not look like one that nobody records.
    return MISSING.has(errnoOf(error) ?? '') ? undefined : { file, content: null };
  }
}
