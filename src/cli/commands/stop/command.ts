import { Option } from 'commander';
import { stopTrees, type StopResult } from '../../../operations/tree/stop-trees.ts';
import { tidyTrees } from '../../../operations/tree/tidy-trees.ts';
import { judgeReading } from '../../../operations/observe/observe.ts';
import { printable } from '../../../core/text/wording.ts';
import { whyUnwritten } from '../../../operations/tree/unwritten.ts';
import type { ClaudeMemError } from '../../../shared/errors.ts';
import { defineCommand, durationArgument, type CommandInput } from '../../command.ts';
import type { CliWiring, Context, TreeContext } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { listenForInterrupts, type Interrupts } from '../../terminal/interrupts.ts';
import { reportStop } from '../start/json.ts';
import type { Output } from '../../terminal/output.ts';

export interface StopOptions {
  readonly grace: number;
}

const DEFAULT_GRACE_MS = 5_000;

export const STOP_DEFAULTS: StopOptions = { grace: DEFAULT_GRACE_MS };

export const graceOption = () =>
  new Option('--grace <duration>', 'time to end gracefully before SIGKILL, for the whole tree')
    .argParser(durationArgument)
    .default(DEFAULT_GRACE_MS, '5s');

export const stopCommand = (wiring: CliWiring) =>
  defineCommand<StopOptions>(wiring, {
    name: 'stop',
    summary: 'stop the tree and prove that none of its processes is left',
    description:
      'Asks the supervisor to end its tree, sends SIGTERM to each process that is left, and SIGKILL after the grace period. Then reads ' +
      'the process table again to prove that none is left. Works if the supervisor hangs or is gone, on a full disk, and without ' +
      'the data dir.',
    examples: [
      ['claude-mem stop', 'end the tree'],
      ['claude-mem stop --grace 1s', 'send SIGKILL after 1 s'],
    ],
    exitCodes: [
      [EXIT.ok, 'stopped, or not running, also if this could not be recorded (see stderr)'],
      [EXIT.found, 'a process survived'],
      [EXIT.couldNotLook, 'the process table or a manifest could not be read completely'],
      [EXIT.interrupted, 'interrupted; a second Ctrl-C kills the remaining processes immediately'],
    ],
    canBeQuiet: true,
    configure: (command) => command.addOption(graceOption()),
    run: runStop,
  });

async function runStop({ options, openContext, wiring, output }: CommandInput<StopOptions>): Promise<ExitCode> {
  const unwritten: string[] = [];
  const goesOnWithout = ({ message }: ClaudeMemError) => void unwritten.push(message);
  const context = openContext({ acts: true, goesOnWithout, ifMissing: 'look' });
  if (unwritten.length === 0) await context.assertMayAct();
  const tree = await wiring.createTreeContext(context);
  const startedAt = context.clock.now();
  const interrupts = listenForInterrupts(() => {
    output.note(
      'Interrupted: waiting for processes that already received SIGTERM. Press Ctrl-C again to kill them immediately.',
    );
  });
  try {
    const stopped = await context.underOperationLock(
      'claude-mem stop',
      interrupts.interrupted,
      () => stopAndTidy({ context, tree, output }, options.grace, interrupts),
      (reason) => reason.code === 'io' && unwritten.push(reason.message) > 0,
    );
    const result = { ...stopped, unwritten: [...unwritten, ...stopped.unwritten] };
    if (!stopped.wasRunning) context.assertDataDirExists();
    noteUnwritten(result, output);
    const report = reportStop(result, context.clock.now() - startedAt);
    if (options.json === true) output.data(JSON.stringify(report));
    else (await import('../start/text.ts')).printStop(result, report, output);
    return stopExitCode(result, interrupts);
  } finally {
    interrupts.dispose();
  }
}

/** Stops the trees of the data dir and updates their manifests. Call it under `operation.lock`. */
export async function stopAndTidy(
  { context, tree, output }: { readonly context: Context; readonly tree: TreeContext; readonly output: Output },
  graceMs: number,
  interrupts: Interrupts,
): Promise<StopResult> {
  const result = await stopTrees(await tree.lifecycle(), {
    graceMs,
    interrupted: interrupts.interrupted,
    forced: interrupts.forced,
    onProgress: ({ gone, total }) => {
      if (total > gone) output.status(`Ended ${gone} of ${total} …`);
    },
  });
  output.clearStatus();
  if (!result.wasRunning) return result;
  const untidied = whyUnwritten(() => tidyTrees(judgeReading(result.reading), context.trees()));
  return { ...result, unwritten: [...result.unwritten, ...(untidied === undefined ? [] : [untidied])] };
}

/** Reports records that could not be written. The processes were ended anyway. */
export function noteUnwritten({ unwritten }: Pick<StopResult, 'unwritten'>, output: Output): void {
  for (const reason of unwritten) output.problem(`Not recorded: ${printable(reason)}`);
}

function stopExitCode(result: StopResult, { interrupted }: Interrupts): ExitCode {
  if (interrupted.aborted) return EXIT.interrupted;
  if (result.remaining.length > 0) return EXIT.found;
  return result.isComplete ? EXIT.ok : EXIT.couldNotLook;
}
