import { InvalidArgumentError, Option } from 'commander';
import { printable } from '../../../core/text/wording.ts';
import type { Judgement } from '../../../core/verdicts/verdict.ts';
import { judgeReading } from '../../../operations/observe/observe.ts';
import type { Observation } from '../../../operations/observe/observe.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { defineCommand, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { intervalArgument } from '../../interval-argument.ts';
import type { WatchTask } from './watch/task.ts';
import { reportLeaks } from '../../../operations/leaks/leak-report.ts';
import { VERSION } from '../../../shared/version.ts';
import { compareBy, SORTS, type Sort } from '../../../operations/leaks/order.ts';

interface LeaksOptions {
  readonly all?: boolean;
  readonly verbose?: boolean;
  readonly strict?: boolean;
  readonly forCompletion?: boolean;
  readonly sort?: Sort;
  readonly from?: string;
  readonly watch?: boolean;
  readonly interval?: number;
  readonly count?: number;
  readonly format?: 'prometheus';
  readonly output?: string;
}

/** Time between two readings. */
const DEFAULT_INTERVAL_MS = 5_000;

export const leaksCommand = (wiring: CliWiring) =>
  defineCommand<LeaksOptions>(wiring, {
    name: 'leaks',
    summary: 'show leaked claude-mem processes and the evidence',
    description:
      'Reads the process table once and compares it with the recorded trees. Shows whether each claude-mem process is managed, an ' +
      'orphan, excess or unverified. Changes nothing. --watch repeats the reading: in a terminal it draws a live view (keys: q quit, ' +
      'r reap, s sort, v every process, space pause); elsewhere, and with --json, it prints one line of JSON per reading and per change.',
    examples: [
      ['claude-mem leaks', 'one reading: the leaks, grouped by the process that left them'],
      ['claude-mem leaks --verbose', 'list every process with its evidence'],
      ['claude-mem leaks --json', 'one reading, for a script'],
      ['claude-mem leaks --all', 'list every process, foreign ones too'],
      ['claude-mem leaks --sort memory', 'the largest first'],
      ['claude-mem leaks --watch --interval 1s', 'live, until q or Ctrl-C'],
      ['claude-mem leaks --watch --count 3 | jq .type', 'three readings and the changes between them, one line each'],
      ['claude-mem leaks --format prometheus --output claude-mem.prom', 'metrics for node_exporter'],
      ['claude-mem leaks --from snapshot.json', 'judge a recorded snapshot instead of this machine'],
    ],
    exitCodes: [
      [EXIT.ok, 'no leaks (--watch: in the last reading)'],
      [EXIT.found, 'leaks found (with --strict, also unverified processes)'],
      [EXIT.couldNotLook, 'the process table or a manifest could not be read completely'],
      [EXIT.interrupted, '--watch: ended by Ctrl-C or a signal'],
    ],
    canBeQuiet: true,
    configure: (command) =>
      command
        .option('--all', 'list every process, foreign ones too')
        .option('-v, --verbose', 'list every process with its evidence')
        .option('--strict', 'exit with 1 for unverified processes too')
        .addOption(new Option('--for-completion', 'list the pids of leaks for a completion script').hideHelp())
        .addOption(
          // The snapshot names its own data dir.
          new Option('--from <file>', 'judge a snapshot recorded by `claude-mem snapshot`').conflicts('dataDir'),
        )
        .addOption(
          new Option('--format <format>', 'print metrics instead of a table')
            .choices(['prometheus'])
            .conflicts(['json', 'watch']),
        )
        .addOption(new Option('--sort <key>', 'order of the processes').choices(SORTS).conflicts('format'))
        .option('--output <file>', 'with --format: write the metrics to this file atomically')
        .addOption(new Option('--watch', 'repeat the reading').conflicts(['from', 'quiet']))
        .addOption(
          new Option('--interval <duration>', 'with --watch: time between two readings (default: 5s)').argParser(
            intervalArgument,
          ),
        )
        .addOption(
          new Option('--count <number>', 'with --watch: stop after this many readings').argParser(countArgument),
        ),
    run: showLeaks,
  });

async function showLeaks(input: CommandInput<LeaksOptions>): Promise<ExitCode> {
  const { options, openContext, wiring, output } = input;
  if (options.watch === true) return watch(input);
  if (options.interval !== undefined || options.count !== undefined)
    throw new ClaudeMemError('usage', '--interval and --count need --watch', { hint: 'Add --watch.' });
  if (options.output !== undefined && options.format === undefined)
    throw new ClaudeMemError('usage', '--output needs --format', { hint: 'Add --format prometheus.' });
  if (options.forCompletion === true) return listForCompletion(input);
  const { all: showForeign = false, verbose = showForeign, from, sort, dataDir: dataDirFlag } = options;
  const seen =
    from === undefined
      ? await openContext({ acts: false, ifMissing: 'look' }).observe({ memory: true, foreignMemory: showForeign })
      : judgeReading(await wiring.readSnapshotFile(from));
  const observation = sorted(seen, sort);
  if (options.format !== undefined) {
    const { renderMetrics } = await import('../../../operations/leaks/metrics.ts');
    const text = await renderMetrics({ observation, version: VERSION });
    if (options.output === undefined) output.data(text.trimEnd());
    else await wiring.writeForOthers(options.output, text);
  } else if (options.json === true) {
    output.data(JSON.stringify(reportLeaks(observation, { showForeign, sort })));
  } else {
    const { printLeaks } = await import('./text.ts');
    const view = { showForeign, isVerbose: verbose, sort, isRecorded: from !== undefined, dataDirFlag, output };
    printLeaks(observation, view);
  }
  return leaksExitCode(observation, options.strict === true);
}

/** Prints a line for each leaked process: its pid, a tab, and words that tell it from the others. */
async function listForCompletion({ openContext, output }: CommandInput<LeaksOptions>): Promise<ExitCode> {
  const { judgements } = await openContext({ acts: false, ifMissing: 'look' }).observe({ memory: false });
  for (const { row, role, verdict } of judgements.filter(isLeak))
    output.data(`${row.pid}\t${printable(role ?? row.name)}, ${verdict}`);
  return EXIT.ok;
}

function isLeak({ verdict }: Judgement): boolean {
  return verdict === 'orphan' || verdict === 'excess';
}

function sorted(observation: Observation, sort: Sort | undefined): Observation {
  return sort === undefined
    ? observation
    : { ...observation, judgements: [...observation.judgements].sort(compareBy(sort)) };
}

async function watch(input: CommandInput<LeaksOptions>): Promise<ExitCode> {
  const { options, output, openContext } = input;
  const context = openContext({ acts: false, ifMissing: 'look' });
  const task: WatchTask = {
    ...input,
    context: {
      ...context,
      follow: (request) => {
        const look = context.follow(request);
        return async () => sorted(await look(), options.sort);
      },
    },
    sort: options.sort,
    showForeign: options.all === true,
    isVerbose: options.verbose === true || options.all === true,
    intervalMs: options.interval ?? DEFAULT_INTERVAL_MS,
    count: options.count,
    exitCodeOf: (seen) =>
      seen instanceof ClaudeMemError ? EXIT.couldNotLook : leaksExitCode(seen, options.strict === true),
  };
  // A dumb terminal cannot move the cursor.
  if (output.isTerminal && options.json !== true && process.env.TERM !== 'dumb')
    return (await import('./watch/on-screen.ts')).watchOnScreen(task);
  return (await import('./watch/stream.ts')).watchAsStream(task);
}

function countArgument(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a number of readings.`);
  return Number(text);
}

function leaksExitCode({ judgements, isComplete }: Observation, isStrict: boolean): ExitCode {
  const found = judgements.some((judgement) => isLeak(judgement) || (isStrict && judgement.verdict === 'unverified'));
  if (found) return EXIT.found;
  return isComplete ? EXIT.ok : EXIT.couldNotLook;
}
