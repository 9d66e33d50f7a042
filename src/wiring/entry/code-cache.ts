import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/**
 * The code that V8 has compiled for the programs, for this user and this Node.js, in the user's cache folder. Without it, a program
 * compiles its code at each start, which takes as long as the start of Node.js itself.
 *
 * V8 does not check what it loads: damaged code crashes the program, and foreign code is executed. So a file belongs to this user, no other
 * user can write to it, and it contains the code twice. Nothing here throws, because a program also runs without the cache.
 */

/** Limit for all files, in bytes. Each Node.js needs about 3 MB. */
const MOST_BYTES = 48 << 20;
/** The largest code is that of the worker, 2 MB. */
const MOST_BYTES_OF_FILE = 16 << 20;

/** Returns the compiled code in a file; undefined if there is none, or it is not trusted. */
export function readCode(file: string): Buffer | undefined {
  let descriptor: number | undefined;
  try {
    // Windows has only the first of these flags; the others are undefined there, which counts as 0.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    const { size } = stats;
    if (!stats.isFile() || !isOwn(stats) || size === 0 || size % 2 !== 0 || size > MOST_BYTES_OF_FILE) return undefined;
    const both = Buffer.allocUnsafeSlow(size);
    for (let read = 0; read < size;) {
      const count = readSync(descriptor, both, read, size - read, null);
      if (count === 0) return undefined;
      read += count;
    }
    const first = both.subarray(0, size / 2);
    return first.equals(both.subarray(size / 2)) ? first : undefined;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Writes a file atomically. Does nothing if the folder is not trusted, cannot be written or is full. */
export function writeCode(folder: string, name: string, create: () => Buffer): void {
  const written = join(folder, `.${name}.${process.pid}`);
  let isWritten = false;
  try {
    prepareFolder(folder);
    // A read-only folder fails here, before the code is serialized, which takes some milliseconds.
    const descriptor = openSync(written, 'wx', 0o600);
    try {
      const code = create();
      for (const copy of [code, code])
        for (let done = 0; done < copy.length;) done += writeSync(descriptor, copy, done);
      // After a power failure, the renamed file must not be empty.
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(written, join(folder, name));
    isWritten = true;
    removeOldest(folder);
  } catch {
    if (!isWritten) removeQuietly(written);
  }
}

/**
 * Returns the folder for the compiled code of this user; undefined if there is none. `NODE_COMPILE_CACHE` and
 * `NODE_DISABLE_COMPILE_CACHE` are the variables of Node.js for the same purpose.
 */
export function codeFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (isSet(env.NODE_DISABLE_COMPILE_CACHE)) return undefined;
  const base = cacheBase(env);
  if (base === undefined) return undefined;
  try {
    // `sudo` may keep the HOME of the user, whose cache must not get files of root.
    if (!isOfThisUser(statSync(base.of))) return undefined;
  } catch {
    return undefined;
  }
  return join(base.folder, 'claude-mem-cli', 'code');
}

interface CacheBase {
  readonly folder: string;
  /** An existing folder whose owner may use the cache. */
  readonly of: string;
}

function cacheBase(env: NodeJS.ProcessEnv): CacheBase | undefined {
  const { NODE_COMPILE_CACHE: chosen, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local, HOME: home } = env;
  if (isAbsolute(chosen)) return { folder: chosen, of: chosen };
  if (process.platform === 'win32') return isSet(local) ? { folder: local, of: local } : undefined;
  if (isAbsolute(xdg)) return { folder: xdg, of: xdg };
  if (!isAbsolute(home)) return undefined;
  return { folder: join(home, process.platform === 'darwin' ? 'Library/Caches' : '.cache'), of: home };
}

/** Creates the folder and its parents, but never a home. Throws if the folder is not trusted. */
function prepareFolder(folder: string): void {
  const parent = join(folder, '..');
  for (const each of [join(parent, '..'), parent, folder]) {
    try {
      mkdirSync(each, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  const stats = lstatSync(folder);
  if (!stats.isDirectory() || !isOwn(stats)) throw new Error(`${folder} is not trusted`);
}

function removeOldest(folder: string): void {
  const files = readdirSync(folder)
    .map((name) => ({ path: join(folder, name), ...pick(lstatSync(join(folder, name))) }))
    .sort((left, right) => right.mtimeMs - left.mtimeMs);
  let total = 0;
  for (const { path, size } of files) {
    total += size;
    if (total > MOST_BYTES) removeQuietly(path);
  }
}

function pick({ size, mtimeMs }: { readonly size: number; readonly mtimeMs: number }) {
  return { size, mtimeMs };
}

function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // A file that stays only takes space.
  }
}

/** True if no other user except root can write. Windows protects the folder by its access list. */
function isOwn(stats: { readonly uid: number; readonly mode: number }): boolean {
  return isOfThisUser(stats) && (process.geteuid === undefined || (stats.mode & 0o022) === 0);
}

function isOfThisUser({ uid }: { readonly uid: number }): boolean {
  return process.geteuid === undefined || uid === process.geteuid();
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function isAbsolute(path: string | undefined): path is string {
  return isSet(path) && (path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path));
}
