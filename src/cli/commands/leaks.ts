import { Option } from 'commander';
import { judgeReading } from '../../operations/observe.ts';
import type { Observation } from '../../operations/observe.ts';
import { readSnapshotFile } from '../context.ts';
import { defineCommand, type CommandInput } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { reportLeaks } from '../../operations/leak-report.ts';

interface LeaksOptions {
  readonly all?: boolean;
  readonly strict?: boolean;
  readonly from?: string;
}

export const leaksCommand = () =>
  defineCommand<LeaksOptions>({
    name: 'leaks',
    summary: 'show which processes of claude-mem leaked, and why',
    description:
      'Reads the process table once, compares it with what was recorded, and says of each process of claude-mem whether it is ' +
      'managed, an orphan, excess or unverified. Changes nothing.',
    examples: [
      ['claude-mem leaks', 'one reading, as a table'],
      ['claude-mem leaks --json', 'the same for a script'],
      ['claude-mem leaks --all', 'with what belongs to others'],
      ['claude-mem leaks --from snapshot.json', 'judge a recorded snapshot instead of this machine'],
    ],
    exitCodes: [
      [EXIT.ok, 'nothing leaked'],
      [EXIT.found, 'leaks found (with --strict also unverified processes)'],
      [EXIT.couldNotLook, 'could not look, or not at everything'],
    ],
    configure: (command) =>
      command
        .option('--all', 'show foreign processes too')
        .option('--strict', 'count unverified processes as found')
        .addOption(
          // A snapshot names the data dir it is about.
          new Option('--from <file>', 'judge a snapshot that `claude-mem snapshot` recorded').conflicts('dataDir'),
        ),
    run: showLeaks,
  });

async function showLeaks({ options, openContext, output }: CommandInput<LeaksOptions>): Promise<ExitCode> {
  const { all: showForeign = false, from, dataDir: dataDirFlag } = options;
  const observation =
    from === undefined
      ? await openContext({ acts: false }).observe({ memory: true })
      : judgeReading(await readSnapshotFile(from));
  if (options.json === true) {
    output.data(JSON.stringify(reportLeaks(observation, { showForeign })));
  } else {
    const { printLeaks } = await import('../reporters/leaks.ts');
    printLeaks(observation, { showForeign, isRecorded: from !== undefined, dataDirFlag, output });
  }
  return leaksExitCode(observation, options.strict === true);
}

function leaksExitCode({ judgements, isComplete }: Observation, isStrict: boolean): ExitCode {
  const found = judgements.some(
    ({ verdict }) => verdict === 'orphan' || verdict === 'excess' || (isStrict && verdict === 'unverified'),
  );
  if (found) return EXIT.found;
  return isComplete ? EXIT.ok : EXIT.couldNotLook;
}
