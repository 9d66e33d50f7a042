import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { isSamePath, joinPath } from '../../../core/process/path.ts';
import { CHROMA_DIRECTORIES } from '../../../core/process/role-program.ts';
import { readProcLink } from './proc-file.ts';

/** An existing directory: its real path and its identity. */
interface DirectoryId {
  readonly realPath: string;
  /** Device and inode: equal for one directory with two names, as with a bind mount. */
  readonly identity: string;
}

/**
 * Resolves the directory that a process means by a path. One resolver serves one reading and caches, because a thousand
 * orphans name the same few directories. A process in another mount namespace or root (as in a container that shares
 * the pid namespace) means another directory by the same path: its paths are resolved below `/proc/PID/root`.
 */
export class DirectoryResolver {
  readonly #procRoot: string;
  readonly #dataDir: string;
  readonly #ids = new Map<string, DirectoryId | undefined>();
  #ownView: View | undefined;
  /** Of the process that was asked for last: most are asked for twice in a row. */
  #lastRoot = { pid: Number.NaN, root: '' };

  constructor(procRoot: string, dataDir: string) {
    this.#procRoot = procRoot;
    this.#dataDir = dataDir;
  }

  /**
   * The directory meant by a Chroma program's `--data-dir`: a Chroma directory of this data dir, if it is one.
   * Undefined if the written path is already the answer.
   */
  roleDirectory(pid: number, written: string): string | undefined {
    const ours = CHROMA_DIRECTORIES.map((name) => joinPath(this.#dataDir, name));
    const isOurText = ours.some((directory) => isSamePath(directory, written, 'linux'));
    if (isOurText && this.#rootOf(pid) === '') return undefined;
    const resolved = this.#resolve(pid, written, ours);
    return resolved === written ? undefined : resolved;
  }

  /** The data dir in a process's mark; as written if it no longer exists. */
  dataDirMark(pid: number, written: string): string {
    return this.#resolve(pid, written, [this.#dataDir]) ?? written;
  }

  #resolve(pid: number, written: string, ours: readonly string[]): string | undefined {
    const absolute = this.#absolute(pid, written);
    if (absolute === undefined) return undefined;
    const root = this.#rootOf(pid);
    const path = `${root}${absolute}`;
    const id = this.#idOf(path);
    if (id === undefined) return path;
    const same = ours.find((directory) => this.#idOf(directory)?.identity === id.identity);
    // Its real path would look like one in this mount namespace.
    return same ?? (root === '' ? id.realPath : path);
  }

  /** Prefix for the paths of a process; empty if it has the same view of the file system, or its view is unknown. */
  #rootOf(pid: number): string {
    if (this.#lastRoot.pid === pid) return this.#lastRoot.root;
    this.#ownView ??= viewOf(`${this.#procRoot}/self`);
    const view = viewOf(`${this.#procRoot}/${pid}`);
    const root = isSameView(view, this.#ownView) ? '' : `${this.#procRoot}/${pid}/root`;
    this.#lastRoot = { pid, root };
    return root;
  }

  #absolute(pid: number, written: string): string | undefined {
    if (isAbsolute(written)) return written;
    const directory = readProcLink(`${this.#procRoot}/${pid}/cwd`);
    return directory === undefined ? undefined : join(directory, written);
  }

  #idOf(path: string): DirectoryId | undefined {
    if (!this.#ids.has(path)) this.#ids.set(path, lookUp(path));
    return this.#ids.get(path);
  }
}

/** The file system view of a process. */
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

function lookUp(path: string): DirectoryId | undefined {
  try {
    // bigint: inodes of overlay and network file systems use all 64 bits.
    const { dev, ino } = statSync(path, { bigint: true });
    return { realPath: realpathSync.native(path), identity: `${dev}:${ino}` };
  } catch {
    // Missing or not accessible: only the written path is known.
    return undefined;
  }
}
