import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

/** The C library of this process, for system calls that Node.js lacks. */
export interface Libc {
  readonly library: Koffi.LibraryHandle;
  /** The errno of the last call. */
  readonly errno: () => number;
}

/** A native function. Pointers are buffers or null. */
export type NativeCall = (...values: (number | null | [number] | Buffer)[]) => number;

let loaded: Libc | null | undefined;

/** Loads koffi at the first call (about 8 ms); null if it is not installed or does not load. */
export function loadLibc(): Libc | null {
  if (loaded === undefined) loaded = load();
  return loaded;
}

function load(): Libc | null {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    return { library: koffi.load(null), errno: () => koffi.errno() };
  } catch {
    // No binary for this machine, or optional packages were not installed. Everything works without it, with weaker
    // guarantees.
    return null;
  }
}
