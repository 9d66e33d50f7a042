import { setFlagsFromString } from 'node:v8';

/**
 * Trades speed for memory, for a process that lives long and does little. Call it last, after the program has loaded.
 *
 * V8 by itself lets garbage pile up: the young generation doubles up to 16 MB twice, and the old one fills more than
 * 100 MB before its first collection. Optimized code costs more memory than it saves time. Here the young generation
 * keeps its size, and each of its collections, one per MB of allocations, is a full one, which takes a few
 * milliseconds. V8 rejects code cached under other flags, of this program and of Node itself, and compiles it again;
 * therefore the flags are set last.
 */
export function preferMemoryToSpeed(): void {
  for (const flag of ['--no-opt', '--no-sparkplug', '--semi-space-growth-factor=1', '--gc-global'])
    setFlagsFromString(flag);
}
