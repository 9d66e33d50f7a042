import { ClaudeMemError } from '../../../shared/errors.ts';
import { defineCommand, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';
import { addStartOptions, assertSupported, startAndReport, type StartOptions } from '../start/command.ts';
import { graceOption, noteUnwritten, stopAndTidy, type StopOptions } from '../stop/command.ts';

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

async function runRestart({ options, openContext, wiring, output }: CommandInput<RestartOptions>): Promise<ExitCode> {
  assertSupported();
  const context = openContext({ acts: true, ifMissing: 'accept' });
  const tree = await wiring.createTreeContext(context);
  tree.prepareDataDir();
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
