import type { ProcessRow } from '../../core/process/snapshot.ts';
import { COMMAND_COLUMNS, LISTING_COLUMNS, parseCommands, parseListing } from './parse-ps.ts';
import { runPsSync } from './run-ps.ts';

/** One process by pid, with its start to the second; undefined if it does not exist or ps fails. */
export function identifyByPs(pid: number): ProcessRow | undefined {
  const [listed] = parseListing(tryPs(['-ww', '-o', LISTING_COLUMNS, '-p', String(pid)])).processes;
  if (listed === undefined) return undefined;
  const command = parseCommands(tryPs(['-ww', '-o', COMMAND_COLUMNS, '-p', String(pid)])).get(pid);
  return { ...listed, command: command?.command ?? '', ...(command?.isCut === true ? { commandCut: true } : {}) };
}

function tryPs(args: readonly string[]): string {
  try {
    return runPsSync(args);
  } catch {
    // ps exits with 1 if no process has that pid.
    return '';
  }
}
