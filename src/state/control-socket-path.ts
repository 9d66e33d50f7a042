import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { ClaudeMemError } from '../shared/errors.ts';
import { isSocketPathShortEnough, socketPathInDataDir } from './control-socket.ts';
import { ioError } from './io-error.ts';
import { networkFileSystemOf } from './network-file-system.ts';

/**
 * Where the supervisor of a data dir listens: `supervisor.sock` in it, or, where that path is too long for a socket or lies on a network
 * file system (few of them can hold one), in a folder under `$XDG_RUNTIME_DIR` or the temp dir. The latter must be named in the lock's holder file, or nobody finds it.
 */
export function controlSocketPath(
  dataDir: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
  networkTypeOf = networkFileSystemOf,
): string {
  const usual = socketPathInDataDir(dataDir);
  if (isSocketPathShortEnough(usual) && networkTypeOf(dataDir) === undefined) return usual;
  const name = join(`claude-mem-${hash(`${process.geteuid?.() ?? ''}:${dataDir}`)}`, 'supervisor.sock');
  const bases = [env.XDG_RUNTIME_DIR, tmpdir(), '/tmp'].filter((base) => base !== undefined && isAbsolute(base));
  const paths = bases.map((base) => join(base ?? '', name));
  return paths.find(isSocketPathShortEnough) ?? usual;
}

/**
 * Makes the folder for a socket outside the data dir (0700), and refuses one that somebody else made there first: the temp dir
 * belongs to everybody.
 * @throws ClaudeMemError `io`.
 */
export function ensureSocketFolder(socketPath: string): void {
  const folder = dirname(socketPath);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stats = lstatSync(folder);
    const isOurs = process.geteuid === undefined || stats.uid === process.geteuid();
    if (stats.isDirectory() && isOurs && (stats.mode & 0o077) === 0) return;
  } catch (error) {
    throw ioError('create', folder, error);
  }
  throw new ClaudeMemError('io', `${folder} is not a folder that only this user can enter`, {
    hint: 'Remove it, or use a data dir with a shorter path.',
  });
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
