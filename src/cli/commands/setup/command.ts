import { defineCommand, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';
import { loadProgram } from '../../programs.ts';
import type { SetUp, SetupStep } from './json.ts';

interface SetupOptions {
  readonly modelFrom?: string;
}

export const setupCommand = (wiring: CliWiring) =>
  defineCommand<SetupOptions>(wiring, {
    name: 'setup',
    summary: 'prepare semantic search, once',
    description:
      'Finds uvx, or installs uv into a private environment below the data dir. Finds a Python, downloads the Chroma packages and checks ' +
      'the embedding model. Skips each step that is already done. If a step fails, setup shows the reason, and search uses keywords.',
    examples: [
      ['claude-mem setup', 'run the steps that are not done yet'],
      ['claude-mem setup --model-from DIR', 'without a network: use the model in this folder or tar.gz'],
    ],
    exitCodes: [
      [EXIT.ok, 'semantic search is ready, or switched off by a setting'],
      [EXIT.found, 'a step failed; search uses keywords'],
      [EXIT.interrupted, 'interrupted; run it again'],
    ],
    canBeQuiet: true,
    configure: (command) => command.option('--model-from <path>', 'use the embedding model in this folder or tar.gz'),
    run: runSetup,
  });

async function runSetup({ options, openContext, output }: CommandInput<SetupOptions>): Promise<ExitCode> {
  const context = openContext({ acts: true, ifMissing: 'accept' });
  await context.assertMayAct();
  const { runSetup: setUp } = loadProgram('setup') as { runSetup: SetUp };
  const interrupts = listenForInterrupts(() => {
    output.note('Interrupted: ending the processes that setup started.');
  });
  try {
    const { setupView } = await import('./text.ts');
    const view = setupView(output);
    const steps = await setUp(
      { dataDir: context.dataDir },
      { modelFrom: options.modelFrom, signal: interrupts.interrupted, onProgress: view.progress },
    );
    view.done();
    if (options.json === true) output.data(JSON.stringify(report(steps)));
    else view.print(steps);
    if (interrupts.interrupted.aborted) return EXIT.interrupted;
    return isReady(steps) ? EXIT.ok : EXIT.found;
  } finally {
    interrupts.dispose();
  }
}

/** A step that was skipped because of a failed one does not count itself. */
function isReady(steps: readonly SetupStep[]): boolean {
  return steps.every(({ status }) => status !== 'failed');
}

function report(steps: readonly SetupStep[]) {
  const semantic = steps.every(({ status }) => status === 'done' || status === 'already');
  return { schemaVersion: 1, command: 'setup', ok: isReady(steps), search: semantic ? 'semantic' : 'keyword', steps };
}
