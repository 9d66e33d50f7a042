import { HIDDEN_MARKS, type Marks, parseMarks } from './parse-environment.ts';
import { COMMAND_COLUMNS, parseCommands, type PsCommand } from './parse-ps.ts';
import type { PsTools } from './ps-tools.ts';

/** What is read by pid, of processes that matter. */
export interface Detail extends PsCommand {
  readonly marks: Marks;
}

/**
 * Command lines and marks of these pids; one that is missing is gone. The command line is read again although ps-list has it: a
 * process may be younger than that listing, and ps-list runs ps in the C locale, which replaces every character beyond ASCII.
 */
export async function readDetails(tools: PsTools, pids: readonly number[]): Promise<ReadonlyMap<number, Detail>> {
  if (pids.length === 0) return new Map();
  const selection = ['-o', COMMAND_COLUMNS, '-p', pids.join(',')];
  // To macOS `-e` is every process and `-E` the environment; the others know `e`, which comes first and without a dash.
  const withEnvironment = process.platform === 'darwin' ? '-wwE' : 'eww';
  const [plain, full] = await Promise.all([tools.ps(['-ww', ...selection]), tools.ps([withEnvironment, ...selection])]);
  const shown = parseCommands(full.text);
  return new Map(
    [...parseCommands(plain.text)].map(([pid, detail]) => {
      const other = shown.get(pid);
      const isSame = other !== undefined && other.startedAt === detail.startedAt;
      return [pid, { ...detail, marks: isSame ? parseMarks(detail.command, other.command) : HIDDEN_MARKS }];
    }),
  );
}
