import { markedEnvironment, marksFor } from '../core/tree/marks.ts';
import { type Household, OwnedProcess } from '../chroma/owned-process.ts';

export interface SearchServerSpawn {
  /** Path of the search server's entry script. */
  readonly script: string;
  /** Variables added to this process's environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly household: Household;
}

/** Starts a search server of this worker. Does not load MCP, which takes longer than the spawn. */
export function spawnSearchServer({ script, env, household }: SearchServerSpawn): OwnedProcess {
  const { dataDir, treeId, own, log } = household;
  const marks = marksFor({ treeId, role: 'search', dataDir, owner: own });
  return new OwnedProcess(
    {
      role: 'search',
      file: process.execPath,
      args: [script, '--worker-pid', String(own.pid)],
      env: definedOnly(markedEnvironment({ ...household.env, ...env }, marks)),
      cwd: process.cwd(),
      isAskedByInput: process.platform === 'win32',
      onLine: (line) => {
        log.warn('search server output', { line });
      },
    },
    household,
  );
}

function definedOnly(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
