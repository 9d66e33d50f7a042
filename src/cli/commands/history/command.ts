import { InvalidArgumentError, Option } from 'commander';
import { reportHistory, historyCsv, type HistoryReport } from './json.ts';
import { defineCommand, durationArgument, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { count } from '../../terminal/format.ts';
import type { Output } from '../../terminal/output.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';

interface HistoryOptions {
  /** Milliseconds. */
  readonly since: number;
  readonly csv?: boolean;
}

const DEFAULT_SINCE_MS = 24 * 3_600_000;
/** The interval at which the supervisor samples. */
const SAMPLE_EVERY_MS = 5_000;

export const historyCommand = (wiring: CliWiring) =>
  defineCommand<HistoryOptions>(wiring, {
    name: 'history',
    summary: 'draw process counts and memory over time',
    description:
      'Draws the samples of the supervisor: one every 5 s for the last hours, one every 5 minutes for the last two weeks. The chart is ' +
      'blank where the tree did not run.',
    examples: [
      ['claude-mem history', 'the last 24 hours'],
      ['claude-mem history --since 30m', 'the last half hour'],
      ['claude-mem history --since 14d --csv > history.csv', 'for a spreadsheet'],
      ['claude-mem history --json', 'for a script'],
    ],
    exitCodes: [
      [EXIT.ok, 'shown, also if there are no samples or some are damaged'],
      [EXIT.couldNotLook, 'a sample file could not be read'],
    ],
    configure: (command) =>
      command
        .addOption(
          new Option('--since <duration>', 'how far back to go: 30m, 24h, 14d')
            .argParser(sinceArgument)
            .default(DEFAULT_SINCE_MS, '24h'),
        )
        .option('--csv', 'print comma-separated values'),
    run: showHistory,
  });

function sinceArgument(text: string): number {
  const ms = durationArgument(text);
  if (ms < SAMPLE_EVERY_MS) throw new InvalidArgumentError('Must be at least 5s, the time between two samples.');
  return ms;
}

async function showHistory({ options, openContext, wiring, output }: CommandInput<HistoryOptions>): Promise<ExitCode> {
  if (options.csv === true && options.json === true) {
    throw new ClaudeMemError('usage', '--csv and --json cannot be combined', { hint: 'Use one of them.' });
  }
  const { dataDir, clock } = openContext({ acts: false });
  const untilMs = clock.date().getTime();
  const reading = await wiring.readHistory(dataDir);
  const report = reportHistory(reading, { dataDir, sinceMs: Math.max(0, untilMs - options.since), untilMs });
  if (options.json === true) output.data(JSON.stringify(report));
  else if (options.csv === true) output.data(historyCsv(report).join('\n'));
  else (await import('./text.ts')).printHistory(report, output, options.dataDir);
  if (options.json !== true) noteMissing(report, output);
  return report.unreadableFiles.length > 0 ? EXIT.couldNotLook : EXIT.ok;
}

function noteMissing({ damagedSamples, unreadableFiles }: HistoryReport, output: Output): void {
  for (const { file, reason } of unreadableFiles) output.note(`Could not read ${file}: ${reason}`);
  if (damagedSamples > 0) output.note(`Skipped ${count(damagedSamples, 'damaged sample')}.`);
}
