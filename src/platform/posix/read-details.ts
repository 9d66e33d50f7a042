import { HIDDEN_MARKS, type Marks, parseMarks } from './parse-environment.ts';
import { COMMAND_COLUMNS, parseCommands, type PsCommand } from './parse-ps.ts';
import type { PsTools } from './ps-tools.ts';

/** What is read by pid, of processes that matter. */
export interface Detail extends PsCommand {
  readonly marks: Marks;
  /** The environment is longer than what was read. */
  readonly isEnvironmentCut: boolean;
}

/** By pid; one that is missing is gone. */
export type Details = ReadonlyMap<number, Detail>;

/**
 * Command lines and marks of these pids; undefined where ps fails without a word, which its silence about this very process shows. The
 * command line is read again although ps-list has it: a process may be younger than that listing, and ps-list runs ps in the C locale,
 * which replaces every character beyond ASCII.
 */
export async function readDetails(tools: PsTools, pids: readonly number[]): Promise<Details | undefined> {
  if (pids.length === 0) return new Map();
  // To macOS `-e` is every process and `-E` the environment; the others know `e`, which comes first and without a dash.
  const withEnvironment = process.platform === 'darwin' ? '-wwE' : 'eww';
  const [plain, full] = await Promise.all([ask(tools, '-ww', pids), ask(tools, withEnvironment, pids)]);
  if (plain === undefined) return undefined;
  return new Map([...plain].map(([pid, command]) => [pid, detailOf(command, full?.get(pid))]));
}

/** Once more where it failed: a machine that is out of processes or memory for a moment has them again in the next. */
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
  // A second variable of the same name may stand in what was not read, and two are never a choice.
  const isKnown = isSame && !shown.isCut;
  return { ...command, isEnvironmentCut, marks: isKnown ? parseMarks(command.command, shown.command) : HIDDEN_MARKS };
}
