import { Argument } from 'commander';
import type { CheckId } from '../../../operations/doctor/check.ts';
import { parseCheckIds } from '../../../operations/doctor/check-ids.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { defineCommand, suggesting, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import type { Doctor, DoctorReport } from './json.ts';
import type { DoctorView } from './text.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { commandOn } from '../../terminal/hint.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';
import { loadProgram } from '../../programs.ts';

interface DoctorOptions {
  readonly all?: boolean;
  readonly list?: boolean;
  readonly fix?: boolean;
  readonly strict?: boolean;
  readonly report?: string;
}

export const doctorCommand = (wiring: CliWiring) =>
  defineCommand<DoctorOptions>(wiring, {
    name: 'doctor',
    summary: 'check the installation and show how to fix each problem',
    description:
      'Checks this machine, the data dir and the running tree. For each problem it shows what it found, why it matters and which ' +
      'command fixes it. Changes nothing, uses no network and ends only processes that its own checks start. --fix applies the ' +
      'safe fixes and shows what they did.',
    examples: [
      ['claude-mem doctor', 'run all checks and show the problems'],
      ['claude-mem doctor --all', 'also show each check that passed'],
      ['claude-mem doctor orphans port', 'run only these checks'],
      ['claude-mem doctor --list', 'list the checks'],
      ['claude-mem doctor --fix', 'set damaged files aside, tidy up records, close the data dir to other users'],
      ['claude-mem doctor --strict --json', 'for a script: warnings count as failures'],
      ['claude-mem doctor --report doctor.md', 'for a bug report, without personal data'],
    ],
    exitCodes: [
      [EXIT.ok, 'no check failed (warnings are possible)'],
      [EXIT.found, 'a check failed (with --strict, also a warning), or a fix failed'],
      [EXIT.couldNotLook, 'no check failed, but a check crashed or could not read everything'],
      [EXIT.interrupted, 'interrupted'],
    ],
    canBeQuiet: true,
    configure: (command) =>
      command
        .addArgument(suggesting(new Argument('[check...]', 'the checks to run (default: all)'), checkIds))
        .option('--all', 'also show the checks that passed or were skipped')
        .option('--list', 'list the checks without running them')
        .option('--fix', 'apply the safe fixes; ends no process')
        .option('--strict', 'treat warnings as failures')
        .option('--report <file>', 'write the findings to this file for a bug report, redacted'),
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
    output.note('Interrupted: ending the processes that the checks started.');
  });
  if (options.fix === true) output.beginActing();
  if (!isJson) output.status('Checking …');
  try {
    const { dataDir, fix = false, report: file } = options;
    const report = await doctor.examine({ dataDir, only, fix, report: file, interrupted: interrupts.interrupted });
    output.clearStatus();
    if (isJson) output.data(JSON.stringify(report));
    else (await import('./text.ts')).printDoctor(report, output, viewOf(options, only));
    if (file !== undefined) output.note(`Wrote ${file}. Review it before you attach it to a report.`);
    if (interrupts.interrupted.aborted) return EXIT.interrupted;
    return exitCodeOf(report, options.strict === true);
  } finally {
    output.clearStatus();
    interrupts.dispose();
  }
}

/** A check that the user named is shown, also if it passed. */
function viewOf({ all, dataDir }: CommandInput<DoctorOptions>['options'], only: readonly CheckId[]): DoctorView {
  if (all === true || only.length > 0) return { showAll: undefined };
  return { showAll: commandOn(dataDir, 'doctor', '--all') };
}

/** Loads the checks, which are a separate program so that no other command loads them. */
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
    hint: `Did you mean ${parsed.nearest}? To list all checks:  claude-mem doctor --list`,
  });
}

function exitCodeOf({ summary, fixed }: DoctorReport, isStrict: boolean): ExitCode {
  const hasFailedFix = fixed.some(({ error }) => error !== null);
  if (summary.fail > 0 || hasFailedFix || (isStrict && summary.warn > 0)) return EXIT.found;
  return summary.error > 0 ? EXIT.couldNotLook : EXIT.ok;
}
