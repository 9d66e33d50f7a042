import type { VerifyCommandPorts } from '../operations/verify/verify-command.ts';
import { loadPlatform } from '../platform/index.ts';
import { runCommand } from '../platform/run-command.ts';
import { createContext, type Context } from './context.ts';

/** What `verify -- COMMAND` works with. From here on this process adopts orphans, where the system lets it. */
export async function commandPorts(context: Context): Promise<VerifyCommandPorts> {
  const platform = await loadPlatform();
  const adoption = platform.loadAdoption();
  const adopts = adoption?.become() === true;
  const { table, findBearers, identify, signaller } = platform;
  return {
    table,
    findBearers,
    identify,
    signaller,
    clock: context.clock,
    adopts,
    waitFor:
      adoption === null || !adopts
        ? null
        : (pid) => {
            adoption.waitFor(pid);
          },
    run: runCommand,
    observe: (dataDir) =>
      (dataDir === undefined ? context : createContext({ dataDir, acts: false })).observe({ memory: false }),
  };
}
