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
    summary: 'show the logs of the tree',
    description:
      'Shows the last lines of all logs of this data dir, sorted by time. Name a role to see only its log: supervisor, worker, search, ' +
      'hook (errors of hooks), or guard.',
    examples: [
      ['claude-mem logs', 'the last 50 lines of all logs'],
      ['claude-mem logs worker -f', 'follow the worker'],
      ['claude-mem logs -n 0 -f', 'only new lines'],
      ['claude-mem logs -n 500 --json', 'one JSON object per line'],
    ],
    exitCodes: [
      [EXIT.ok, 'shown, also if the logs are empty'],
      [EXIT.found, 'a log could not be read'],
    ],
    configure: (command) =>
      command
        .addArgument(
          suggesting(new Argument('[role]', 'show only the log of this role (default: all)'), [...KNOWN.keys()]),
        )
        .option('-f, --follow', 'print new lines until Ctrl-C')
        .addOption(
          new Option('-n, --lines <number>', 'number of lines to show; 0 shows none')
            .argParser(countArgument)
            .default(DEFAULT_LINES),
        ),
    run: showLogs,
  });

async function showLogs({ options, args, openContext, wiring, output }: CommandInput<LogsOptions>): Promise<ExitCode> {
  const context = openContext({ acts: false });
  const logs = await wiring.openLogs(context.dataDir);
  const role = args[0];
  if (role !== undefined && !KNOWN.has(role) && !logs.names().includes(role)) throw unknownRole(role, logs.names());
  const wanted = role === undefined ? undefined : (KNOWN.get(role) ?? role);
  // Loaded here, because every command loads the imports at the top of this file.
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
  const all = read();
  if (options.lines > 0) all.slice(-options.lines).forEach(show);
  if (all.length === 0 && options.follow !== true) output.note('The logs are empty.');
  if (options.follow !== true) return EXIT.ok;
  const interrupts = listenForInterrupts(() => undefined);
  while (!interrupts.interrupted.aborted) {
    await context.clock.sleep(FOLLOW_EVERY_MS);
    read().forEach(show);
  }
  interrupts.dispose();
  return EXIT.ok;
}

/** Roles and the names of their logs, which may not exist yet. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ['supervisor', 'supervisor'],
  ['worker', 'worker'],
  ['search', 'search-server'],
  ['hook', 'hook'],
  ['guard', 'guard'],
]);

/** A crash message of Node names no role, so the file name supplies it. */
function withRole(line: LogLine, name: string): LogLine {
  return { ...line, role: line.role ?? name };
}

function unknownRole(role: string, names: readonly string[]): ClaudeMemError {
  // A log whose name differs from its role (`search-server.log`) accepts both names.
  const others = names.filter((name) => ![...KNOWN.values()].includes(name));
  const there = [...KNOWN.keys(), ...others].join(', ');
  return new ClaudeMemError('usage', `there is no log of "${role}"`, { hint: `Use one of: ${there}.` });
}

function countArgument(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a number of lines.`);
  return Number(text);
}
