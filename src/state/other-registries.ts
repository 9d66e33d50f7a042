import { join } from 'node:path';
import type { OtherRegistry } from '../core/snapshot.ts';
import { errnoOf } from '../shared/errors.ts';
import { readBoundedText, UnsuitableFileError } from './bounded-read.ts';

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
  return REGISTRY_FILES.map((name) => readRegistry(join(dataDir, name))).filter((registry) => registry !== undefined);
}

function readRegistry(file: string): OtherRegistry | undefined {
  try {
    return { file, content: readBoundedText(file, MAX_REGISTRY_BYTES) };
  } catch (error) {
    if (error instanceof UnsuitableFileError) return undefined;
    // Hidden, or no descriptor left: what it records must not look like something that nobody records.
    return MISSING.has(errnoOf(error) ?? '') ? undefined : { file, content: null };
  }
}
