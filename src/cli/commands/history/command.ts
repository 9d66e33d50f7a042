import { InvalidArgumentError, Option } from 'commander';
import { reportHistory, historyCsv, type HistoryReport } from './json.ts';
import { defineCommand, durationArgument, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import type { Output } from '../../terminal/output.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';

interface HistoryOptions {
  /** Milliseconds. */
  readonly since: number;
  readonly csv?: boolean;
}

const DEFAULT_SINCE_MS = 24 * 3_600_000;
/** The supervisor samples no more often. */
const SAMPLE_EVERY_MS = 5_000;

export const historyCommand = (wiring: CliWiring) =>
  defineCommand<HistoryOptions>(wiring, {
    name: 'history',
    summary: 'draw process counts and memory over time',
    description:
      'Draws what the supervisor sampled: every 5 s of the last hours, one sample for 5 minutes of the last two weeks. A time in which ' +
      'the tree did not run is left blank.',
    examples: [
      ['claude-mem history', 'the last 24 hours'],
      ['claude-mem history --since 30m', 'the last half hour'],
      ['claude-mem history --since 14d --csv > history.csv', 'for a spreadsheet'],
      ['claude-mem history --json', 'for a script'],
    ],
    exitCodes: [
      [EXIT.ok, 'shown; also when nothing was sampled yet, or single samples are damaged'],
      [EXIT.couldNotLook, 'a file of samples could not be read'],
    ],
    configure: (command) =>
      command
        .addOption(
          new Option('--since <duration>', 'how far back: 30m, 24h, 14d')
            .argParser(sinceArgument)
            .default(DEFAULT_SINCE_MS, '24h'),
        )
        .option('--csv', 'print comma-separated values'),
    run: showHistory,
  });

function sinceArgument(text: string): number {
  const ms = durationArgument(text);
  if (ms < SAMPLE_EVERY_MS) throw new InvalidArgumentError('It is to be 5s at least: that is how often is sampled.');
  return ms;
}

async function showHistory({ options, openContext, wiring, output }: CommandInput<HistoryOptions>): Promise<ExitCode> {
  if (options.csv === true && options.json === true) {
    throw new ClaudeMemError('usage', '--csv and --json were both given', { hint: 'Give one of them.' });
  }
  const { dataDir, clock } = openContext({ acts: false });
  const untilMs = clock.date().getTime();
  const reading = await wiring.readHistory(dataDir);
  const report = reportHistory(reading, { dataDir, sinceMs: Math.max(0, untilMs - options.since), untilMs });
  if (options.json === true) output.data(JSON.stringify(report));
  else if (options.csv === true) output.data(historyCsv(report).join('\n'));
  else (await import('./text.ts')).printHistory(report, output);
  if (options.json !== true) sayWhatIsMissing(report, output);
  return report.unreadableFiles.length > 0 ? EXIT.couldNotLook : EXIT.ok;
}

function sayWhatIsMissing({ damagedSamples, unreadableFiles }: HistoryReport, output: Output): void {
  for (const { file, reason } of unreadableFiles) output.note(`Could not be read: ${file}: ${reason}`);
  if (damagedSamples > 0) {
    const what = damagedSamples === 1 ? '1 sample is damaged and is' : `${damagedSamples} samples are damaged and are`;
    output.note(`${what} left out.`);
  }
}
