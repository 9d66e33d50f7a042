import { isZombie } from '../process/identity.ts';
import { joinPath } from '../process/path.ts';
import { CHROMA_DIRECTORIES, dataDirArgument, isChromaProgram, isChromaWrapper } from '../process/role-program.ts';
import type { ProcessRow, ProcessSnapshot } from '../process/snapshot.ts';

/** One of Chroma's directories, with the pythons that have it open. */
export interface VectorWriters {
  readonly directory: string;
  readonly rows: readonly ProcessRow[];
}

/** The Chroma directories of a data dir on which a chroma-mcp is open. Each chain counts once, by its last process. */
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

/** One that talks to a server only names the folder. */
export function isHttpClient(row: ProcessRow): boolean {
  return /--client-type[ =]http(?: |$)/.test(row.argv?.join(' ') ?? row.command);
}
