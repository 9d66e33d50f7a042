import { HIDDEN_MARKS, type Marks, parseMarks } from './parse-environment.ts';
import { COMMAND_COLUMNS, parseCommands, type PsCommand } from './parse-ps.ts';
import { psDialect } from './ps-dialects.ts';
import type { PsTools } from './ps-tools.ts';

/** Data read by pid for relevant processes. */
export interface Detail extends PsCommand {
  readonly marks: Marks;
  /** The environment is longer than what was read. */
  readonly isEnvironmentCut: boolean;
}

/** By pid; a missing pid is gone. */
export type Details = ReadonlyMap<number, Detail>;

/**
 * Command lines and marks of these pids; undefined if ps fails silently, which the absence of this process shows. Reads
 * command lines although ps-list has them: a process may be younger than that listing, and ps-list runs ps in the C
 * locale, which replaces every non-ASCII character.
 */
export async function readDetails(tools: PsTools, pids: readonly number[]): Promise<Details | undefined> {
  if (pids.length === 0) return new Map();
  const { withEnvironment } = psDialect();
  const [plain, full] = await Promise.all([ask(tools, '-ww', pids), ask(tools, withEnvironment, pids)]);
  if (plain === undefined) return undefined;
  return new Map([...plain].map(([pid, command]) => [pid, detailOf(command, full?.get(pid))]));
}

/** Retries once: a machine that is briefly out of processes or memory recovers. */
async function ask(tools: PsTools, how: string, pids: readonly number[]) {
  return (await askOnce(tools, how, pids)) ?? (await askOnce(tools, how, pids));
}

async function askOnce(tools: PsTools, how: string, pids: readonly number[]) {
  const asked = [...new Set([...pids, process.pid])];
  const { text, isCut } = await tools.ps([how, '-o', COMMAND_COLUMNS, '-p', asked.join(',')]);
  const commands = parseCommands(text);
  return commands.has(process.pid) && isCut !== true ? commands : undefined;
}

function detailOf(command: PsCommand, shown: PsCommand | undefined): Detail {
  const isSame = shown !== undefined && shown.startedAt === command.startedAt;
  const isEnvironmentCut = isSame && shown.isCut && !command.isCut;
  // The part that was not read may contain a second variable of the same name, which makes the value unknown.
  const isKnown = isSame && !shown.isCut;
  return { ...command, isEnvironmentCut, marks: isKnown ? parseMarks(command.command, shown.command) : HIDDEN_MARKS };
}
