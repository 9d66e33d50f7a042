import { Argument, InvalidArgumentError, Option } from 'commander';
import { mergeByTime, parseLogLine, type LogLine } from '../../../operations/tree/log-lines.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { defineCommand, suggesting, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly lines: number;
}

const DEFAULT_LINES = 50;
const FOLLOW_EVERY_MS = 200;

export const logsCommand = (wiring: CliWiring) =>
  defineCommand<LogsOptions>(wiring, {
    name: 'logs',
    summary: 'show what the tree logged',
    description:
      'Shows the last lines of the logs of this data dir, by time; of one role if you name it (supervisor, worker, search; hook: what hooks could not do).',
    examples: [
      ['claude-mem logs', 'the last 50 lines of all'],
      ['claude-mem logs worker -f', 'follow the worker'],
      ['claude-mem logs -n 500 --json', 'one JSON object a line'],
    ],
    exitCodes: [
      [EXIT.ok, 'shown; also when nothing was logged yet'],
      [EXIT.found, 'a log could not be read'],
    ],
    configure: (command) =>
      command
        .addArgument(suggesting(new Argument('[role]', 'whose log; all unless told'), [...KNOWN.keys()]))
        .option('-f, --follow', 'go on until Ctrl-C')
        .addOption(
          new Option('-n, --lines <number>', 'how many lines').argParser(countArgument).default(DEFAULT_LINES),
        ),
    run: showLogs,
  });

async function showLogs({ options, args, openContext, wiring, output }: CommandInput<LogsOptions>): Promise<ExitCode> {
  const context = openContext({ acts: false });
  const logs = wiring.openLogs(context.dataDir);
  const role = args[0];
  if (role !== undefined && !KNOWN.has(role) && !logs.names().includes(role)) throw unknownRole(role, logs.names());
  const wanted = role === undefined ? undefined : (KNOWN.get(role) ?? role);
  // Every command pays for what this file imports at its top, and colors are for people alone.
  const { formatLogLine } = await import('./text.ts');
  const show = (line: LogLine) => {
    output.data(options.json === true ? JSON.stringify({ type: 'line', ...line }) : formatLogLine(line, output));
  };
  if (options.follow === true) output.beginStreaming();
  const tails = new Map<string, () => readonly string[]>();
  const read = () => {
    for (const name of logs.names()) {
      if ((wanted === undefined || name === wanted) && !tails.has(name)) tails.set(name, logs.tail(name));
    }
    return mergeByTime([...tails].map(([name, next]) => next().map((text) => withRole(parseLogLine(text), name))));
  };
  const first = read().slice(-options.lines || Infinity);
  if (options.lines > 0) first.forEach(show);
  if (first.length === 0 && options.follow !== true) output.note('Nothing was logged yet.');
  if (options.follow !== true) return EXIT.ok;
  const interrupts = listenForInterrupts(() => undefined);
  while (!interrupts.interrupted.aborted) {
    await context.clock.sleep(FOLLOW_EVERY_MS);
    read().forEach(show);
  }
  interrupts.dispose();
  return EXIT.ok;
}

/** Roles and the names of their logs; there may be none yet. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ['supervisor', 'supervisor'],
  ['worker', 'worker'],
  ['search', 'search-server'],
  ['hook', 'hook'],
]);

/** What Node printed at a crash names no role; the file does. */
function withRole(line: LogLine, name: string): LogLine {
  return { ...line, role: line.role ?? name };
}

function unknownRole(role: string, names: readonly string[]): ClaudeMemError {
  // A log that bears another name than its role (`search-server.log`) is shown by both.
  const others = names.filter((name) => ![...KNOWN.values()].includes(name));
  const there = [...KNOWN.keys(), ...others].join(', ');
  return new ClaudeMemError('usage', `there is no log of "${role}"`, { hint: `Give one of: ${there}.` });
}

function countArgument(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a number of lines.`);
  return Number(text);
}
