import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { isSamePath, joinPath } from '../../../core/process/path.ts';
import { CHROMA_DIRECTORIES } from '../../../core/process/role-program.ts';
import { readProcLink } from './proc-file.ts';

/** A directory that exists: where it really is, and what it is whatever it is called. */
interface Place {
  readonly realPath: string;
  /** Device and inode: equal for one directory under two names, as with a bind mount. */
  readonly identity: string;
}

/**
 * Finds which directory a process means by the text it was given. One resolver serves one reading: a thousand orphans name the same
 * few directories, and each is looked up once. A process in another mount namespace or with another root means another directory by the
 * same text, as containers do that share a pid namespace: its paths are looked up below its own root, `/proc/PID/root`.
 */
export class DirectoryResolver {
  readonly #procRoot: string;
  readonly #dataDir: string;
  readonly #places = new Map<string, Place | undefined>();
  #ownView: View | undefined;

  constructor(procRoot: string, dataDir: string) {
    this.#procRoot = procRoot;
    this.#dataDir = dataDir;
  }

  /** What `--data-dir` of a chroma program means: a Chroma directory of ours if it is one; undefined where the text says it all. */
  roleDirectory(pid: number, written: string): string | undefined {
    const ours = CHROMA_DIRECTORIES.map((name) => joinPath(this.#dataDir, name));
    const isOurText = ours.some((directory) => isSamePath(directory, written, 'linux'));
    if (isOurText && this.#rootOf(pid) === '') return undefined;
    const resolved = this.#resolve(pid, written, ours);
    return resolved === written ? undefined : resolved;
  }

  /** The data dir a process was given as its mark; as written where it no longer exists. */
  dataDirMark(pid: number, written: string): string {
    return this.#resolve(pid, written, [this.#dataDir]) ?? written;
  }

  #resolve(pid: number, written: string, ours: readonly string[]): string | undefined {
    const absolute = this.#absolute(pid, written);
    if (absolute === undefined) return undefined;
    const root = this.#rootOf(pid);
    const path = `${root}${absolute}`;
    const place = this.#placeOf(path);
    if (place === undefined) return path;
    const same = ours.find((directory) => this.#placeOf(directory)?.identity === place.identity);
    // Its real path would be read as one of ours.
    return same ?? (root === '' ? place.realPath : path);
  }

  /** Below which the paths of a process are to be looked up; empty where it sees what we see, or where that cannot be learned. */
  #rootOf(pid: number): string {
    this.#ownView ??= viewOf(`${this.#procRoot}/self`);
    const view = viewOf(`${this.#procRoot}/${pid}`);
    return isSameView(view, this.#ownView) ? '' : `${this.#procRoot}/${pid}/root`;
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

/** Which file system a process sees. */
interface View {
  readonly mountNamespace: string | undefined;
  readonly root: string | undefined;
}

function viewOf(directory: string): View {
  return { mountNamespace: readProcLink(`${directory}/ns/mnt`), root: readProcLink(`${directory}/root`) };
}

function isSameView(left: View, right: View): boolean {
  const isSame = (one: string | undefined, other: string | undefined) =>
    one === undefined || other === undefined || one === other;
  return isSame(left.mountNamespace, right.mountNamespace) && isSame(left.root, right.root);
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
