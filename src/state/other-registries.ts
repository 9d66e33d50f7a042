import { join } from 'node:path';
import type { OtherRegistry } from '../core/snapshot.ts';
import { readBoundedText } from './bounded-read.ts';

/** Where the published plugin records its processes. It shares the data dir with us; these files are its own. */
const REGISTRY_FILES = [
  'supervisor.json',
  'worker.pid',
  'chroma/.claude-mem-chroma-writer.lock',
  'vectors/.claude-mem-chroma-writer.lock',
  'vector-db/.claude-mem-chroma-writer.lock',
] as const;

/** The real ones hold a few hundred bytes; a larger file is something else. */
const MAX_REGISTRY_BYTES = 1024 * 1024;

/** The text of those that are there and can be read. Never writes. */
export function readOtherRegistries(dataDir: string): OtherRegistry[] {
  return REGISTRY_FILES.map((name) => readRegistry(join(dataDir, name))).filter((registry) => registry !== undefined);
}

function readRegistry(file: string): OtherRegistry | undefined {
  try {
    return { file, content: readBoundedText(file, MAX_REGISTRY_BYTES) };
  } catch {
    // Another program's file, which may be missing, being written or hidden: it is evidence where it can be had, and no more.
    return undefined;
  }
}
