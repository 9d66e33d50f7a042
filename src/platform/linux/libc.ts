import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

/** The C library of this process, for system calls that Node.js lacks. */
export interface Libc {
  readonly handle: Koffi.LibraryHandle;
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

const calls = new WeakMap<Koffi.LibraryHandle, Map<string, NativeCall>>();

/** A function of the library, by its prototype in C. Declared once: koffi keeps the memory of every declaration until the process ends. */
export function nativeCall({ handle }: Libc, prototype: string): NativeCall {
  const declared = calls.get(handle) ?? new Map<string, NativeCall>();
  calls.set(handle, declared);
  const call = declared.get(prototype) ?? (handle.func(prototype) as NativeCall);
  declared.set(prototype, call);
  return call;
}

function load(): Libc | null {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    return { handle: koffi.load(null), errno: () => koffi.errno() };
  } catch {
    // No binary for this machine, or optional packages were not installed. Everything works without it, with weaker
    // guarantees.
    return null;
  }
}
