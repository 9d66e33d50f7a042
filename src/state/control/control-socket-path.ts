import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { describeErrno, ioError } from '../files/io-error.ts';
import { networkFileSystemOf } from '../files/network-file-system.ts';
import { isSocketPathShortEnough } from './socket-file.ts';

export type SocketName = 'supervisor.sock' | 'worker.sock';

export interface SocketSurroundings {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly networkTypeOf?: (folder: string) => string | undefined;
}

/**
 * Where a program of a data dir listens: in it, or, where that path is too long for a socket or lies on a network file system (few of
 * them can hold one), in a folder for this user alone under `$XDG_RUNTIME_DIR` or the temp dir. The latter must be named in a file of
 * the data dir, or nobody finds it. Makes that folder.
 * @throws ClaudeMemError `io`.
 */
export function claimSocketPath(dataDir: string, name: SocketName, surroundings: SocketSurroundings = {}): string {
  const usual = usualSocketPath(dataDir, name, surroundings);
  if (usual !== undefined) return usual;
  const folder = folderName(dataDir);
  const bases = basesOf(surroundings).filter((base) => isSocketPathShortEnough(join(base, `${folder}-XXXXXX`, name)));
  let problem = new ClaudeMemError('io', `no path is short enough for the socket ${name}`, { hint: SHORTER });
  for (const base of bases) {
    try {
      const path = join(base, folder, name);
      ensureSocketFolder(path);
      return path;
    } catch (error) {
      problem = asClaudeMemError(error, base);
    }
  }
  // Anybody could have made that folder first, and must not keep us from starting: one of a name that nobody knows.
  for (const base of bases) {
    try {
      assertNotReplaceable(base);
      return join(mkdtempSync(join(base, `${folder}-`)), name);
    } catch (error) {
      problem = asClaudeMemError(error, base);
    }
  }
  throw problem;
}

function asClaudeMemError(error: unknown, base: string): ClaudeMemError {
  if (error instanceof ClaudeMemError) return error;
  return new ClaudeMemError('io', `cannot use ${base} for a socket: ${describeErrno(error)}`, {
    hint: SHORTER,
    cause: error,
  });
}

/** In the data dir; undefined where it cannot be there. */
export function usualSocketPath(
  dataDir: string,
  name: SocketName,
  { networkTypeOf = networkFileSystemOf }: SocketSurroundings = {},
): string | undefined {
  const usual = join(dataDir, name);
  return isSocketPathShortEnough(usual) && networkTypeOf(dataDir) === undefined ? usual : undefined;
}

const SHORTER = 'Use a data dir with a shorter path, or set XDG_RUNTIME_DIR to a folder of your own.';

/**
 * Makes the folder for a socket outside the data dir (0700), and refuses one that somebody else made there first, or that a link
 * leads to: the temp dir belongs to everybody.
 * @throws ClaudeMemError `io`.
 */
export function ensureSocketFolder(socketPath: string): void {
  const folder = dirname(socketPath);
  assertNotReplaceable(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw ioError('create', folder, error);
  }
  const stats = lstatSync(folder);
  const isOurs = process.geteuid === undefined || stats.uid === process.geteuid();
  if (stats.isDirectory() && isOurs && (stats.mode & 0o077) === 0) return;
  throw new ClaudeMemError('io', `${folder} is not a folder that only this user can enter`, {
    hint: `Remove it if it is yours. ${SHORTER}`,
  });
}

/** In a folder that all may write to and that is not sticky, as the temp dir is, anybody may replace ours. */
function assertNotReplaceable(base: string): void {
  try {
    const { mode } = statSync(base);
    if ((mode & 0o002) === 0 || (mode & 0o1000) !== 0) return;
  } catch (error) {
    throw ioError('use', base, error);
  }
  throw new ClaudeMemError('io', `all users may replace what is in ${base}`, { hint: SHORTER });
}

function basesOf({ env = process.env }: SocketSurroundings): readonly string[] {
  const bases = [env.XDG_RUNTIME_DIR, tmpdir(), '/tmp'].filter((base) => base !== undefined && isAbsolute(base));
  return [...new Set(bases as readonly string[])];
}

function folderName(dataDir: string): string {
  const owner = `${process.geteuid?.() ?? ''}:${dataDir}`;
  return `claude-mem-${createHash('sha256').update(owner).digest('hex').slice(0, 16)}`;
}
