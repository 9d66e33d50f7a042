import { parseMarkHolders } from './parse-mark-holders.ts';
import { psDialect } from './ps-dialects.ts';
import { psFailure, runPs } from './run-ps.ts';

/**
 * Pids of processes for which ps shows this variable with this value after the command line. macOS hides most
 * environments.
 * @throws ClaudeMemError `process-table-unreadable`.
 */
export async function findMarkHoldersByPs(variable: string, value: string): Promise<ReadonlySet<number>> {
  const { text, isCut } = await runPs([psDialect().allWithEnvironment, '-o', 'pid=,command=']);
  // A ps that fails silently must not look like "none".
  const listsSelf = text.split('\n').some((line) => Number.parseInt(line, 10) === process.pid);
  if (isCut === true || !listsSelf) throw psFailure(new Error('its listing does not contain this process'));
  return parseMarkHolders(text, `${variable}=${value}`);
}
