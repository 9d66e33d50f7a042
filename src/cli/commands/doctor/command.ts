import { Argument } from 'commander';
import type { CheckId } from '../../../operations/doctor/check.ts';
import { parseCheckIds } from '../../../operations/doctor/check-ids.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { defineCommand, suggesting, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import type { Doctor, DoctorReport } from './json.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';
import { loadProgram } from '../../programs.ts';

interface DoctorOptions {
  readonly list?: boolean;
  readonly fix?: boolean;
  readonly strict?: boolean;
  readonly report?: string;
}

export const doctorCommand = (wiring: CliWiring) =>
  defineCommand<DoctorOptions>(wiring, {
    name: 'doctor',
    summary: 'check everything, and say what to do about what is wrong',
    description:
      'Checks this machine, the data dir and the running tree, and says of each what was found, why it matters and which command ' +
      'fixes it. Changes nothing, ends nothing and uses no network; --fix carries out what is safe and says what it did.',
    examples: [
      ['claude-mem doctor', 'all checks'],
      ['claude-mem doctor orphans port', 'these alone'],
      ['claude-mem doctor --list', 'which checks there are'],
      ['claude-mem doctor --fix', 'set damaged files aside, tidy up records, close the data dir to others'],
      ['claude-mem doctor --strict --json', 'for a script: warnings count too'],
      ['claude-mem doctor --report doctor.md', 'for a bug report, without personal data'],
    ],
    exitCodes: [
      [EXIT.ok, 'nothing is wrong (warnings may be there)'],
      [EXIT.found, 'a check failed (with --strict also a warning); a fix failed'],
      [EXIT.couldNotLook, 'nothing failed, but a check could not look, or not at everything'],
      [EXIT.interrupted, 'interrupted'],
    ],
    configure: (command) =>
      command
        .addArgument(suggesting(new Argument('[check...]', 'which checks; all unless told'), checkIds))
        .option('--list', 'list the checks and run none')
        .option('--fix', 'carry out the safe fixes; never ends a process')
        .option('--strict', 'count warnings as found')
        .option('--report <file>', 'write the findings to a file for a bug report, redacted'),
    run: runDoctor,
  });

async function runDoctor({ options, args, output }: CommandInput<DoctorOptions>): Promise<ExitCode> {
  const doctor = loadDoctor();
  const only = checkArguments(args);
  const isJson = options.json === true;
  if (options.list === true) {
    if (isJson) output.data(JSON.stringify(doctor.list()));
    else (await import('./text.ts')).printCheckList(doctor.list(), output);
    return EXIT.ok;
  }
  const interrupts = listenForInterrupts(() => {
    output.note('Interrupted: ending what was started.');
  });
  if (options.fix === true) output.beginActing();
  if (!isJson) output.status('Looking …');
  try {
    const { dataDir, fix = false, report: file } = options;
    const report = await doctor.examine({ dataDir, only, fix, report: file, interrupted: interrupts.interrupted });
    output.clearStatus();
    if (isJson) output.data(JSON.stringify(report));
    else (await import('./text.ts')).printDoctor(report, output);
    if (file !== undefined) output.note(`Wrote ${file}; look through it before you attach it.`);
    if (interrupts.interrupted.aborted) return EXIT.interrupted;
    return exitCodeOf(report, options.strict === true);
  } finally {
    output.clearStatus();
    interrupts.dispose();
  }
}

/** The checks are a program of their own, so that no other command loads them. */
function loadDoctor(): Doctor {
  return loadProgram('doctor') as Doctor;
}

function checkIds(): readonly CheckId[] {
  return loadDoctor()
    .list()
    .checks.map(({ id }) => id);
}

function checkArguments(names: readonly string[]): readonly CheckId[] {
  const parsed = parseCheckIds(names, checkIds());
  if ('ids' in parsed) return parsed.ids;
  throw new ClaudeMemError('usage', `there is no check "${parsed.unknown}"`, {
    hint: `Did you mean ${parsed.nearest}? All of them: claude-mem doctor --list`,
  });
}

function exitCodeOf({ summary, fixed }: DoctorReport, isStrict: boolean): ExitCode {
  const hasFailedFix = fixed.some(({ error }) => error !== null);
  if (summary.fail > 0 || hasFailedFix || (isStrict && summary.warn > 0)) return EXIT.found;
  return summary.error > 0 ? EXIT.couldNotLook : EXIT.ok;
}
