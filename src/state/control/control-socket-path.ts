import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ClaudeMemError } from '../../shared/errors.ts';
import type { NamedPipes } from '../../shared/named-pipes.ts';
import { describeErrno } from '../files/io-error.ts';
import { networkFileSystemOf } from '../files/network-file-system.ts';
import { isSocketPathShortEnough } from './socket-file.ts';
import { assertNotReplaceable, ensureSocketFolder, SHORTER } from './socket-folder.ts';

export type SocketName = 'supervisor.sock' | 'worker.sock';

export interface SocketSurroundings {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly networkTypeOf?: (folder: string) => string | undefined;
  /** On a system with named pipes in the place of sockets. */
  readonly pipes?: NamedPipes | undefined;
}

/**
 * Chooses where a program of a data dir listens: in the data dir, or in a private folder under `$XDG_RUNTIME_DIR` or
 * the temp dir. The latter is used if the path is too long for a socket, or on a network file system (few support
 * sockets). A pipe has a new name each time. Clients find it only if a file in the data dir names it. Creates the private folder.
 * @throws ClaudeMemError `io`.
 */
export function claimSocketPath(dataDir: string, name: SocketName, surroundings: SocketSurroundings = {}): string {
  if (surroundings.pipes !== undefined) return surroundings.pipes.newPath();
  const usual = usualSocketPath(dataDir, name, surroundings);
  if (usual !== undefined) return usual;
  const folder = folderName(dataDir);
  const bases = basesOf(surroundings).filter((base) => isSocketPathShortEnough(join(base, `${folder}-XXXXXX`, name)));
  let problem = new ClaudeMemError('io', `no usable folder has a path short enough for the socket ${name}`, {
    hint: SHORTER,
  });
  for (const base of bases) {
    try {
      const path = join(base, folder, name);
      ensureSocketFolder(path);
      return path;
    } catch (error) {
      problem = asClaudeMemError(error, base);
    }
  }
  // Another user can create that folder first, which must not prevent a start. Use an unpredictable name instead.
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

/** The socket path in the data dir; undefined if a socket cannot be there. */
export function usualSocketPath(
  dataDir: string,
  name: SocketName,
  { networkTypeOf = networkFileSystemOf }: SocketSurroundings = {},
): string | undefined {
  const usual = join(dataDir, name);
  return isSocketPathShortEnough(usual) && networkTypeOf(dataDir) === undefined ? usual : undefined;
}

function basesOf({ env = process.env }: SocketSurroundings): readonly string[] {
  const bases = [env.XDG_RUNTIME_DIR, tmpdir(), '/tmp'].filter((base) => base !== undefined && isAbsolute(base));
  return [...new Set(bases as readonly string[])];
}

function folderName(dataDir: string): string {
  const owner = `${process.geteuid?.() ?? ''}:${dataDir}`;
  return `claude-mem-${createHash('sha256').update(owner).digest('hex').slice(0, 16)}`;
}
