import { Argument, Option } from 'commander';
import { INCLUDED_LEAKS, SCHEDULER_KINDS, type IncludedLeak, type SchedulerKind } from '../../../core/guard/entry.ts';
import { LONGEST_INTERVAL_S, SHORTEST_INTERVAL_S } from '../../../core/guard/interval.ts';
import type { GuardResult } from '../../../operations/guard/records.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { defineCommand, durationArgument, suggesting, type CommandInput } from '../../command.ts';
import type { CliWiring, Context } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { programPath } from '../../programs.ts';
import { includeArgument } from '../reap/command.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';
import { commandLine, commandOn } from '../../terminal/hint.ts';
import type { GuardCall, GuardContext } from './context.ts';

interface GuardOptions {
  readonly every?: number;
  readonly include?: readonly IncludedLeak[];
  readonly scheduler?: SchedulerKind;
  readonly dryRun?: boolean;
}

const ACTIONS = ['install', 'status', 'remove', 'run'] as const;
type Action = (typeof ACTIONS)[number];

type Input = CommandInput<GuardOptions>;

const DEFAULT_INTERVAL_MS = 600_000;

/** As `reap`, in milliseconds. */
const GRACE_MS = 5_000;

export const guardCommand = (wiring: CliWiring) =>
  defineCommand<GuardOptions>(wiring, {
    name: 'guard',
    summary: 'end leaked processes at intervals, without a person',
    description:
      'Makes the scheduler of this system run `reap --yes` at intervals: a systemd user timer, a launchd agent, a task of Task Scheduler, or a ' +
      'crontab line. It ends proven leaks and nothing else, so it replaces a `pkill` in a crontab. An upgrade of Node.js or of this package ' +
      'changes nothing: the scheduler runs a script in the data dir that finds both. `install` sets it up, `status` shows the last run and ' +
      'the processes it ended, `remove` undoes the installation, and `run` is one run, as the scheduler starts it.',
    examples: [
      ['claude-mem guard install', 'end leaks every 10 minutes'],
      ['claude-mem guard install --dry-run', 'show the files and change nothing'],
      ['claude-mem guard install --every 1h --include excess', 'every hour, excess processes too'],
      ['claude-mem guard status', 'show the last run and the processes it ended'],
      ['claude-mem guard run', 'run once, now'],
      ['claude-mem guard remove', 'undo the installation'],
    ],
    exitCodes: [
      [EXIT.ok, 'installed, removed or shown; (status) healthy; (run) nothing is left to end'],
      [
        EXIT.found,
        '(install, remove) the scheduler failed; (status) installed but broken; (run) failed, or a leak is left',
      ],
      [EXIT.notRunning, '(status) not installed'],
      [EXIT.couldNotLook, '(run) the process table or a manifest could not be read completely'],
      [EXIT.interrupted, '(run) interrupted'],
    ],
    canBeQuiet: true,
    configure: (command) =>
      command
        .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
        .option('--every <duration>', '(install) interval, 1m to 1d (default: 10m)', durationArgument)
        .addOption(
          suggesting(
            new Option('--include <kind>', '(install, run) end these processes too: excess, observers').argParser(
              includeArgument,
            ),
            INCLUDED_LEAKS,
          ),
        )
        .addOption(
          new Option('--scheduler <name>', '(install) scheduler to use (default: the first that runs here)').choices(
            SCHEDULER_KINDS,
          ),
        )
        .option('--dry-run', '(install, remove) show the changes and make none'),
    run: (input) => RUN[input.args[0] as Action](input),
  });

const RUN: Readonly<Record<Action, (input: Input) => Promise<ExitCode>>> = { install, status, remove, run };

async function install(input: Input): Promise<ExitCode> {
  const { options, output } = input;
  const everySeconds = (options.every ?? DEFAULT_INTERVAL_MS) / 1000;
  assertInterval(everySeconds);
  const { context, guard } = await open(input, 'accept');
  if (options.dryRun !== true) await context.assertMayAct();
  const launcher = guard.findLauncher();
  const { installGuard } = await import('../../../operations/guard/install-guard.ts');
  const include = [...new Set(options.include)];
  const installation = await installGuard(
    { ...guard, date: () => context.clock.date(), underLock: lockOf(context, 'install') },
    {
      ...{ name: guard.name, everySeconds, scheduler: options.scheduler, dryRun: options.dryRun === true, include },
      script: {
        dataDir: context.dataDir,
        // A search finds the command of a newer version of Node.js.
        launcher: launcher.kind === 'versioned' ? undefined : launcher.path,
        folders: guard.searchFolders(),
        include,
      },
      byHand: commandLine(['guard', 'run', '--data-dir', context.dataDir]),
    },
  );
  const report = { installation, everySeconds, launcher, dryRun: options.dryRun === true };
  if (options.json === true) output.data(JSON.stringify((await import('./json.ts')).reportInstallation(report)));
  else (await import('./text.ts')).printInstallation(report, output, callOf(options));
  return EXIT.ok;
}

async function status(input: Input): Promise<ExitCode> {
  const { options, output } = input;
  assertUnused(options, ['every', 'include', 'scheduler', 'dryRun']);
  const { context, guard } = await open(input);
  const { guardStatus } = await import('../../../operations/guard/guard-status.ts');
  const found = await guardStatus(
    { ...guard, now: context.clock.date(), bootedAt: guard.bootedAt() },
    { name: guard.name, searches: true },
  );
  if (options.json === true) output.data(JSON.stringify((await import('./json.ts')).reportStatus(found)));
  else (await import('./text.ts')).printStatus(found, output, callOf(options));
  return { healthy: EXIT.ok, broken: EXIT.found, 'not-installed': EXIT.notRunning }[found.state];
}

async function remove(input: Input): Promise<ExitCode> {
  const { options, output } = input;
  assertUnused(options, ['every', 'include', 'scheduler']);
  const { context, guard } = await open(input, 'look');
  if (options.dryRun !== true) await context.assertMayAct();
  const { removeGuard } = await import('../../../operations/guard/remove-guard.ts');
  const dryRun = options.dryRun === true;
  const removal = await removeGuard({ ...guard, underLock: lockOf(context, 'remove') }, { name: guard.name, dryRun });
  const report = { removal, dryRun, log: guard.store.hasLog() ? guard.store.log : null };
  if (options.json === true) output.data(JSON.stringify((await import('./json.ts')).reportRemoval(report)));
  else (await import('./text.ts')).printRemoval(report, output);
  return EXIT.ok;
}

async function run(input: Input): Promise<ExitCode> {
  const { options, output } = input;
  assertUnused(options, ['every', 'scheduler', 'dryRun']);
  const { context, guard } = await open(input, 'look');
  await context.assertMayAct();
  context.assertDataDirExists();
  output.beginActing();
  const { runGuard } = await import('../../../operations/guard/run-guard.ts');
  const interrupts = listenForInterrupts(() => undefined);
  const { interrupted, forced } = interrupts;
  try {
    const report = await runGuard(
      {
        observe: (how) => context.observe(how),
        clock: context.clock,
        loadSignaller: () => context.signaller(),
        loadTrees: () => context.trees(),
        underOperationLock: (action, goesOnWithout) =>
          context.underOperationLock('claude-mem guard run', interrupted, action, goesOnWithout),
        ...{ readState: guard.store.readState, writeState: guard.store.writeState, log: guard.log },
      },
      { include: options.include ?? [], graceMs: GRACE_MS, interrupted, forced },
    );
    if (options.json === true) output.data(JSON.stringify((await import('./json.ts')).reportRun(report.run)));
    else (await import('./text.ts')).printRun(report, output);
    return EXIT_OF[report.run.result];
  } finally {
    interrupts.dispose();
  }
}

const EXIT_OF: Readonly<Record<GuardResult, ExitCode>> = {
  ok: EXIT.ok,
  left: EXIT.found,
  failed: EXIT.found,
  incomplete: EXIT.couldNotLook,
  interrupted: EXIT.interrupted,
};

async function open(
  { openContext, wiring }: Input,
  ifMissing: 'refuse' | 'look' | 'accept' = 'refuse',
): Promise<{ readonly context: Context; readonly guard: GuardContext }> {
  const context = openContext({ acts: ifMissing !== 'refuse', ifMissing });
  return { context, guard: await wiring.createGuardContext(context, programPath('cli')) };
}

/** Builds a command line for the same data dir. */
function callOf({ dataDir }: Pick<Input['options'], 'dataDir'>): GuardCall {
  return (action) => commandOn(dataDir, 'guard', action);
}

/** Guards of one data dir are installed and removed one at a time. */
function lockOf(context: Context, action: Action): <T>(work: () => Promise<T>) => Promise<T> {
  // A data dir that cannot be written must not keep its guard alive.
  const goesOnWithout = ({ code }: ClaudeMemError) => action === 'remove' && code === 'io';
  return (work) =>
    context.underOperationLock(`claude-mem guard ${action}`, new AbortController().signal, work, goesOnWithout);
}

function assertInterval(seconds: number): void {
  if (seconds >= SHORTEST_INTERVAL_S && seconds <= LONGEST_INTERVAL_S) return;
  throw new ClaudeMemError('usage', '--every must be between 1m and 1d', { hint: 'The default is 10m.' });
}

/** An option that has no effect is a misunderstanding: `remove --every 1h` does not change the interval. */
function assertUnused(options: GuardOptions, names: readonly (keyof GuardOptions)[]): void {
  const used = names.find((name) => options[name] !== undefined);
  if (used === undefined) return;
  const flag = used === 'dryRun' ? '--dry-run' : `--${used}`;
  throw new ClaudeMemError('usage', `${flag} has no meaning for this action`, { hint: 'See: claude-mem guard --help' });
}
