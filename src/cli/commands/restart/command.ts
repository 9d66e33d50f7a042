import { ClaudeMemError } from '../../../shared/errors.ts';
import { defineCommand, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';
import { addStartOptions, START_DEFAULTS, startAndReport, type StartOptions } from '../start/command.ts';
import { graceOption, noteUnwritten, STOP_DEFAULTS, stopAndTidy, type StopOptions } from '../stop/command.ts';

type RestartOptions = StartOptions & StopOptions;

export const restartCommand = (wiring: CliWiring) =>
  defineCommand<RestartOptions>(wiring, {
    name: 'restart',
    summary: 'stop the tree, then start a new one',
    description:
      'Stops the tree, proves that none of its processes is left, then starts a new tree. If no tree runs, it starts one.',
    examples: [['claude-mem restart', 'apply an upgrade or a changed setting']],
    exitCodes: [
      [EXIT.ok, 'the new tree is running'],
      [EXIT.found, 'the new tree was not ready in time, or the old tree could not be ended and blocks it'],
      [EXIT.interrupted, 'interrupted'],
    ],
    canBeQuiet: true,
    configure: (command) => {
      addStartOptions(command).addOption(graceOption());
    },
    run: runRestart,
  });

/**
 * Runs `restart` without options in a terminal, for a live screen.
 * @param isRunning whether a tree runs now, for the question.
 * @returns `return` if the user declined, else `read-first`: there is a report.
 */
export async function restartAfterAsking(
  { openContext, wiring, output, options: { color, dataDir } }: CommandInput<object>,
  { isRunning, interrupted }: { readonly isRunning: boolean; readonly interrupted: AbortSignal },
): Promise<'read-first' | 'return'> {
  const { ask } = await import('../../terminal/ask.ts');
  const question = isRunning
    ? 'Stop the tree and start a new one, as `claude-mem restart` does?'
    : 'No tree runs. Start one, as `claude-mem start` does?';
  if ((await ask(question, output, interrupted)) !== 'yes') {
    output.note('Nothing was changed.');
    return 'return';
  }
  const options = { color, ...START_DEFAULTS, ...STOP_DEFAULTS, ...(dataDir === undefined ? {} : { dataDir }) };
  // A lost terminal must not end a restart in the middle.
  output.beginActing();
  try {
    await runRestart({ options, args: [], openContext, wiring, output });
  } finally {
    output.endActing();
  }
  return 'read-first';
}

async function runRestart({ options, openContext, wiring, output }: CommandInput<RestartOptions>): Promise<ExitCode> {
  const context = openContext({ acts: true, ifMissing: 'accept' });
  const tree = await wiring.createTreeContext(context);
  await tree.prepareDataDir();
  const interrupts = listenForInterrupts(() => {
    output.note('Interrupted: waiting for processes that already received SIGTERM. No new tree is started.');
  });
  try {
    return await startAndReport({ command: 'restart', options, context, tree, output, interrupts }, async () => {
      const stopped = await stopAndTidy({ context, tree, output }, options.grace, interrupts);
      if (interrupts.interrupted.aborted)
        throw new ClaudeMemError('interrupted', 'interrupted; no new tree was started');
      noteUnwritten(stopped, output);
      const { remaining } = stopped;
      if (remaining.length === 0) return stopped;
      const pids = remaining.map(({ row }) => row.pid).join(', ');
      output.note(`Pid ${pids} of the old tree cannot be ended now. Starting the new tree anyway.`);
      return stopped;
    });
  } finally {
    interrupts.dispose();
  }
}
