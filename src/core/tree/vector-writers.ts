import { isZombie } from '../process/identity.ts';
import { joinPath } from '../process/path.ts';
import { CHROMA_DIRECTORIES, dataDirArgument, isChromaProgram, isChromaWrapper } from '../process/role-program.ts';
import type { ProcessRow, ProcessSnapshot } from '../process/snapshot.ts';

/** A Chroma directory, with the processes that have it open. */
export interface VectorWriters {
  readonly directory: string;
  readonly rows: readonly ProcessRow[];
}

/** The Chroma directories of a data dir that a chroma-mcp has open. A chain of wrapper and python counts once, by its last process. */
export function vectorWriters(snapshot: ProcessSnapshot, dataDir: string): readonly VectorWriters[] {
  const open = snapshot.processes.filter((row) => !isZombie(row) && isChromaProgram(row) && !isHttpClient(row));
  return CHROMA_DIRECTORIES.map((name) => joinPath(dataDir, name))
    .map((directory) => {
      const here = open.filter((row) => (row.roleDirectory ?? dataDirArgument(row)) === directory);
      const pythons = here.filter((row) => !isChromaWrapper(row));
      const lone = here.filter((row) => isChromaWrapper(row));
      const isLast = (row: ProcessRow) => !here.some(({ ppid }) => ppid === row.pid);
      return { directory, rows: [...pythons, ...lone].filter(isLast) };
    })
    .filter(({ rows }) => rows.length > 0);
}

/** An HTTP client names the directory but does not open it. */
export function isHttpClient(row: ProcessRow): boolean {
  return /--client-type[ =]http(?: |$)/.test(row.argv?.join(' ') ?? row.command);
}
