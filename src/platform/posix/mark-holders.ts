import { psFailure, runPs } from './run-ps.ts';

/**
 * Pids behind whose command line ps shows this variable with this value; macOS hides most environments.
 * @throws ClaudeMemError `process-table-unreadable`.
 */
export async function findMarkHoldersByPs(variable: string, value: string): Promise<ReadonlySet<number>> {
  const { text, isCut } = await runPs([...allWithEnvironment(), '-o', 'pid=,command=']);
  // A ps that fails quietly must not read as "nobody".
  const listsSelf = text.split('\n').some((line) => Number.parseInt(line, 10) === process.pid);
  if (isCut === true || !listsSelf) throw psFailure(new Error('its listing does not even hold the process that asked'));
  return parseMarkHolders(text, `${variable}=${value}`);
}

/** To macOS `-E` is the environment; the others know `e`, which comes first and without a dash. */
function allWithEnvironment(): readonly string[] {
  return process.platform === 'darwin' ? ['-axwwE'] : ['axeww'];
}

/** The entry stands between spaces, as ps puts them between variables. */
export function parseMarkHolders(text: string, entry: string): ReadonlySet<number> {
  const pids = text
    .split('\n')
    .filter((line) => `${line} `.includes(` ${entry} `))
    .map((line) => Number(/^\s*(\d+)/.exec(line)?.[1]));
  return new Set(pids.filter(Number.isInteger));
}
