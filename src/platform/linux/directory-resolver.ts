import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { isSamePath, joinPath } from '../../core/path.ts';
import { CHROMA_DIRECTORIES } from '../../core/role-program.ts';
import { readProcLink } from './proc-file.ts';

/** A directory that exists: where it really is, and what it is whatever it is called. */
interface Place {
  readonly realPath: string;
  /** Device and inode: equal for one directory under two names, as with a bind mount. */
  readonly identity: string;
}

/**
 * Finds which directory a process means by the text it was given. One resolver serves one reading: a thousand orphans name the same
 * few directories, and each is looked up once.
 */
export class DirectoryResolver {
  readonly #procRoot: string;
  readonly #dataDir: string;
  readonly #places = new Map<string, Place | undefined>();

  constructor(procRoot: string, dataDir: string) {
    this.#procRoot = procRoot;
    this.#dataDir = dataDir;
  }

  /** What `--data-dir` of a chroma program means: a Chroma directory of ours if it is one; undefined where the text says it all. */
  roleDirectory(pid: number, written: string): string | undefined {
    const ours = CHROMA_DIRECTORIES.map((name) => joinPath(this.#dataDir, name));
    if (ours.some((directory) => isSamePath(directory, written, 'linux'))) return undefined;
    const resolved = this.#resolve(pid, written, ours);
    return resolved === written ? undefined : resolved;
  }

  /** The data dir a process was given as its mark; as written where it no longer exists. */
  dataDirMark(pid: number, written: string): string {
    return this.#resolve(pid, written, [this.#dataDir]) ?? written;
  }

  #resolve(pid: number, written: string, ours: readonly string[]): string | undefined {
    const path = this.#absolute(pid, written);
    if (path === undefined) return undefined;
    const place = this.#placeOf(path);
    if (place === undefined) return path;
    return ours.find((directory) => this.#placeOf(directory)?.identity === place.identity) ?? place.realPath;
  }

  #absolute(pid: number, written: string): string | undefined {
    if (isAbsolute(written)) return written;
    const directory = readProcLink(`${this.#procRoot}/${pid}/cwd`);
    return directory === undefined ? undefined : join(directory, written);
  }

  #placeOf(path: string): Place | undefined {
    if (!this.#places.has(path)) this.#places.set(path, lookUp(path));
    return this.#places.get(path);
  }
}

function lookUp(path: string): Place | undefined {
  try {
    // bigint: inode numbers of overlay and network file systems use all 64 bits.
    const { dev, ino } = statSync(path, { bigint: true });
    return { realPath: realpathSync.native(path), identity: `${dev}:${ino}` };
  } catch {
    // Gone or out of reach: the written path is all there is.
    return undefined;
  }
}
