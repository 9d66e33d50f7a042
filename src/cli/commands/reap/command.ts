import { InvalidArgumentError, Option } from 'commander';
import { INCLUDED_LEAKS, type IncludedLeak } from '../../../core/guard/entry.ts';
import { planReap, type ReapPlan, type ReapRequest } from '../../../core/verdicts/plan-reap.ts';
import type { Observation } from '../../../operations/observe/observe.ts';
import { keyOf } from '../../../operations/terminate/terminate-until-quiet.ts';
import { groupLeaks } from '../../../operations/leaks/groups.ts';
import { reapAndTidy, type Reaped } from '../../../operations/terminate/reap-and-tidy.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { defineCommand, durationArgument, pidArgument, suggesting, type CommandInput } from '../../command.ts';
import type { CliWiring, Context } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import type { Answer } from '../../terminal/ask.ts';
import { listenForInterrupts, type Interrupts } from '../../terminal/interrupts.ts';
import type { Output } from '../../terminal/output.ts';
import { reportReap } from './json.ts';

interface ReapOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly verbose?: boolean;
  readonly grace: number;
  readonly olderThan?: number;
  readonly pid?: ReadonlySet<number>;
  readonly include?: readonly IncludedLeak[];
}

type Input = CommandInput<ReapOptions>;

/** Time from SIGTERM to SIGKILL. A chroma-mcp exits within about 20 ms, in the middle of a write within 60 ms. */
const DEFAULT_GRACE_MS = 5_000;

export const reapCommand = (wiring: CliWiring) =>
  defineCommand<ReapOptions>(wiring, {
    name: 'reap',
    summary: 'end leaked processes and nothing else',
    description:
      'Shows the plan, asks, ends the processes in the plan, reports the outcome of each and reads the process table again. Checks the ' +
      'identity of a process immediately before each signal. Never ends a foreign, managed or unverified process.',
    examples: [
      ['claude-mem reap --dry-run', 'show the plan and end nothing'],
      ['claude-mem reap', 'show the plan, ask, then end the orphans'],
      ['claude-mem reap --yes', 'do not ask (required without a terminal)'],
      ['claude-mem reap --dry-run --verbose', 'list every process in the plan with its evidence'],
      ['claude-mem reap --older-than 1h', 'leave younger processes alone'],
      ['claude-mem reap --pid 4711 4712', 'consider only these processes'],
    ],
    exitCodes: [
      [EXIT.ok, 'the plan was carried out, declined, shown (--dry-run), or empty'],
      [EXIT.found, 'a leak is left or could not be signalled, or a manifest could not be updated'],
      [EXIT.couldNotLook, 'the process table or a manifest could not be read completely'],
      [EXIT.interrupted, 'interrupted; a second Ctrl-C kills the remaining processes immediately'],
    ],
    canBeQuiet: true,
    configure: (command) =>
      command
        .option('--dry-run', 'show the plan and change nothing')
        .option('--yes', 'do not ask')
        .option('-v, --verbose', 'list every process with its evidence and its outcome')
        .addOption(
          new Option('--grace <duration>', 'time from SIGTERM to SIGKILL, for all processes together')
            .argParser(durationArgument)
            .default(DEFAULT_GRACE_MS, '5s'),
        )
        .option('--older-than <duration>', 'only processes of at least this age', durationArgument)
        .option('--pid <pid...>', 'only these processes', pidArgument)
        .addOption(
          suggesting(
            new Option('--include <kind...>', 'end these processes too: excess, observers').argParser(includeArgument),
            INCLUDED_LEAKS,
          ),
        ),
    run: runReap,
  });

/**
 * Runs `reap` without options in a terminal, for a live screen.
 * @param interrupted ends the question.
 * @returns `return` if the user declined, else `read-first`: there is a report.
 */
export async function reapAfterAsking(
  { openContext, wiring, output, options }: CommandInput<object>,
  interrupted: AbortSignal,
): Promise<'read-first' | 'return'> {
  const { color, dataDir } = options;
  const own = { color, grace: DEFAULT_GRACE_MS, ...(dataDir === undefined ? {} : { dataDir }) };
  try {
    const { isDeclined } = await reapOrDecline({ options: own, args: [], openContext, wiring, output }, interrupted);
    return isDeclined ? 'return' : 'read-first';
  } finally {
    output.endActing();
  }
}

interface Task {
  readonly request: ReapRequest;
  /** The reading that the shown plan is based on. */
  readonly seen: Observation;
  readonly seenAt: number;
  readonly plan: ReapPlan;
  readonly observe: (how: { readonly memory: boolean }) => Promise<Observation>;
}

async function runReap(input: Input): Promise<ExitCode> {
  return (await reapOrDecline(input)).exitCode;
}

/** @param interrupted ends the question, as Ctrl-C does. */
async function reapOrDecline(
  input: Input,
  interrupted?: AbortSignal,
): Promise<{ readonly exitCode: ExitCode; readonly isDeclined: boolean }> {
  const { options } = input;
  const context = input.openContext({ acts: options.dryRun !== true, ifMissing: 'look' });
  if (options.dryRun !== true) {
    await assertMayAct(input, context);
    input.output.beginActing();
  }
  const request = requestOf(options);
  const observe: Task['observe'] = (how) =>
    context.observe({ ...how, ...(request.pids === undefined ? {} : { namedPids: request.pids }) });
  const seen = await observe({ memory: true });
  const seenAt = context.clock.now();
  const task: Task = { request, seen, seenAt, plan: planReap(seen.judgements, seen.index, request), observe };
  if (options.json !== true) await showPlan(input, task);
  if (options.dryRun === true) return { exitCode: showOnly(input, task), isDeclined: false };
  const answer = await askIfNeeded(input, task, interrupted);
  if (answer !== 'yes') {
    input.output.note('No process was ended.');
    return { exitCode: answer === 'no' ? EXIT.ok : EXIT.interrupted, isDeclined: true };
  }
  return { exitCode: await act(input, context, task), isDeclined: false };
}

async function assertMayAct({ options, output }: Input, context: Context): Promise<void> {
  await context.assertMayAct();
  if (options.yes === true) return;
  if (process.stdin.isTTY && output.isTerminal && options.json !== true && options.quiet !== true) return;
  const flag = (['json', 'quiet'] as const).find((name) => options[name] === true);
  const why = flag === undefined ? 'there is no terminal to ask in' : `with --${flag} it cannot ask`;
  throw new ClaudeMemError('usage', `reap asks before it ends a process, but ${why}`, {
    hint: 'Check the plan with `claude-mem reap --dry-run`, then add --yes.',
  });
}

async function showPlan({ options, output }: Input, { plan, seen }: Task): Promise<void> {
  const { printPlan } = await import('./text.ts');
  const { dryRun = false, verbose = false } = options;
  printPlan(plan, output, { isDryRun: dryRun, isVerbose: verbose, seen });
}

function showOnly({ options, output }: Input, { plan, seen }: Task): ExitCode {
  if (options.json === true) {
    const result = { plan, outcomes: [], after: seen, remaining: plan.plan };
    output.data(JSON.stringify(reportReap(result, { dryRun: true, tidied: { lines: [] }, shown: seen.judgements })));
  }
  return seen.isComplete ? EXIT.ok : EXIT.couldNotLook;
}

async function askIfNeeded(
  { options, output }: Input,
  { plan, seen }: Task,
  interrupted: AbortSignal | undefined,
): Promise<Answer> {
  if (options.yes === true || plan.plan.length === 0) return 'yes';
  const { questionFor } = await import('./question.ts');
  const { ask } = await import('../../terminal/ask.ts');
  return ask(questionFor(groupLeaks(plan.plan, seen.reading.snapshot)), output, interrupted);
}

async function act(input: Input, context: Context, task: Task): Promise<ExitCode> {
  const { options, output } = input;
  let hasBegun = false;
  const interrupts = listenForInterrupts(() => {
    output.note(
      hasBegun
        ? 'Interrupted: waiting for processes that already received SIGTERM. Press Ctrl-C again to kill them immediately.'
        : 'Interrupted.',
    );
  });
  const { interrupted, forced } = interrupts;
  try {
    const reaped = await reapAndTidy(
      {
        observe: task.observe,
        clock: context.clock,
        loadSignaller: () => context.signaller(),
        loadTrees: () => context.trees(),
        underOperationLock: (action, goesOnWithout) =>
          context.underOperationLock('claude-mem reap', interrupted, action, goesOnWithout),
      },
      {
        ...task,
        ...{ graceMs: options.grace, interrupted, forced, onProgress: progressLine(context, output) },
        onSecondLook: (amount) => {
          const what = amount === 1 ? 'one process' : `${amount} processes`;
          output.status(`Waiting 5 s to look again: the client of ${what} may end it itself …`);
        },
        // Reap never ends a process that is not in the plan that was shown.
        ...(options.yes === true ? {} : { agreed: new Set(task.plan.plan.map(keyOf)) }),
        onBegin: () => {
          hasBegun = true;
        },
      },
    );
    output.clearStatus();
    await report(input, task, reaped);
    return exitCodeOf(reaped, interrupts);
  } finally {
    interrupts.dispose();
  }
}

/** Faster runs show no progress line. */
const PROGRESS_AFTER_MS = 1_000;

function progressLine({ clock }: Context, output: Output): (progress: { gone: number; total: number }) => void {
  const startedAt = clock.now();
  return ({ gone, total }) => {
    if (clock.now() - startedAt > PROGRESS_AFTER_MS) output.status(`Ended ${gone} of ${total}, waiting for the rest …`);
  };
}

async function report({ options, output }: Input, { seen }: Task, { result, tidied }: Reaped): Promise<void> {
  if (options.json === true) {
    output.data(JSON.stringify(reportReap(result, { dryRun: false, tidied, shown: seen.judgements })));
    return;
  }
  const { printOutcomes } = await import('./outcomes.ts');
  printOutcomes(result, output, { isVerbose: options.verbose === true });
  for (const line of tidied.lines) output.note(line);
  const { error } = tidied;
  if (error !== undefined)
    output.problem(`Could not update the manifests: ${error.message}\n${error.hint ?? ''}`.trimEnd());
}

function exitCodeOf({ result, tidied }: Reaped, interrupts: Interrupts): ExitCode {
  const { outcomes, after, remaining } = result;
  if (interrupts.interrupted.aborted) return EXIT.interrupted;
  const isLeft = outcomes.some(({ outcome }) => outcome === 'survived' || outcome === 'permission-denied');
  if (isLeft || remaining.length > 0 || tidied.error !== undefined) return EXIT.found;
  return after.isComplete ? EXIT.ok : EXIT.couldNotLook;
}

function requestOf({ include, olderThan, pid }: ReapOptions): ReapRequest {
  return {
    includeExcess: include?.includes('excess') === true,
    includeObservers: include?.includes('observers') === true,
    ...(olderThan === undefined ? {} : { olderThanSeconds: olderThan / 1000 }),
    ...(pid === undefined ? {} : { pids: pid }),
  };
}

/** Commas separate several kinds too. */
/** Parses one value of `--include`, such as `excess,observers`, and adds it to those before. */
export function includeArgument(text: string, before: readonly IncludedLeak[] | undefined): readonly IncludedLeak[] {
  return [...(before ?? []), ...text.split(',').map(includedKind)];
}

function includedKind(text: string): IncludedLeak {
  const kind = INCLUDED_LEAKS.find((known) => known === text);
  if (kind === undefined) throw new InvalidArgumentError(`The possible values are: ${INCLUDED_LEAKS.join(', ')}.`);
  return kind;
}
