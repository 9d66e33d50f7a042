import { InvalidArgumentError, Option, type Command } from 'commander';
import { startTree } from '../../../operations/tree/start-tree.ts';
import type { StopResult } from '../../../operations/tree/stop-trees.ts';
import { defineCommand, durationArgument, type CommandInput } from '../../command.ts';
import type { CliWiring, Context, TreeContext } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { listenForInterrupts, type Interrupts } from '../../terminal/interrupts.ts';
import { noteUnwritten } from '../stop/command.ts';
import { finishStart, reportStart } from './json.ts';

export interface StartOptions {
  readonly foreground?: boolean;
  readonly watch?: boolean;
  readonly chroma: boolean;
  readonly port?: number;
  readonly timeout: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;

export const START_DEFAULTS: StartOptions = { chroma: true, timeout: DEFAULT_TIMEOUT_MS };

export const startCommand = (wiring: CliWiring) =>
  defineCommand<StartOptions>(wiring, {
    name: 'start',
    summary: 'start the worker, its search server and Chroma under a supervisor',
    description:
      'Ends the leftovers of earlier runs of this data dir, starts the supervisor and its tree, waits until the tree is ready and ' +
      'shows it. If a tree already runs, start leaves it unchanged and waits until its supervisor answers.',
    examples: [
      ['claude-mem start', 'start in the background'],
      ['claude-mem start --foreground', 'run in this terminal, or under systemd'],
      ['claude-mem start --no-chroma', 'keyword search only'],
      ['claude-mem start --watch --foreground', 'restart the worker when a file in this folder changes'],
    ],
    exitCodes: [
      [EXIT.ok, 'the tree is running'],
      [
        EXIT.found,
        'the tree was not ready in time, the port is taken, or a process could not be ended; everything that start launched is ended',
      ],
      [EXIT.interrupted, 'interrupted before the tree was ready; nothing is left running'],
    ],
    canBeQuiet: true,
    configure: (command) => {
      addStartOptions(command).option('--foreground', 'run the supervisor in this terminal until Ctrl-C');
    },
    run: runStart,
  });

/** Options that `start` and `restart` share. */
export function addStartOptions(command: Command): Command {
  return command
    .option('--watch', 'restart the worker when a file below the current folder changes')
    .option('--no-chroma', 'do not start Chroma: keyword search only')
    .addOption(
      new Option('--port <port>', 'port of the worker (default: $CLAUDE_MEM_WORKER_PORT, else 37777)').argParser(
        portArgument,
      ),
    )
    .addOption(
      new Option('--timeout <duration>', 'time limit until the tree is ready')
        .argParser(durationArgument)
        .default(DEFAULT_TIMEOUT_MS, '30s'),
    );
}

async function runStart({ options, openContext, wiring, output }: CommandInput<StartOptions>): Promise<ExitCode> {
  const context = openContext({ acts: true, ifMissing: 'accept' });
  const tree = await wiring.createTreeContext(context);
  await tree.prepareDataDir();
  const interrupts = listenForInterrupts(() => {
    if (options.foreground !== true) output.note('Interrupted: ending the processes that start launched.');
  });
  try {
    return await startAndReport({ command: 'start', options, context, tree, output, interrupts });
  } finally {
    interrupts.dispose();
  }
}

/** Starts the tree and reports. Ends a tree that failed to start. In the foreground, waits until the supervisor exits. */
export async function startAndReport(
  starting: Starting,
  before?: () => Promise<Pick<StopResult, 'ended' | 'left' | 'unwritten'>>,
): Promise<ExitCode> {
  const { command, options, context, tree, output, interrupts } = starting;
  const startedAt = context.clock.now();
  let shown = '';
  let left: StopResult['left'] = [];
  let unwritten: StopResult['unwritten'] = [];
  const stopFirst = async (stop: NonNullable<typeof before>) => {
    const stopped = await stop();
    ({ left, unwritten } = stopped);
    return stopped.ended;
  };
  const ports = await tree.start({
    command: `claude-mem ${command}`,
    port: options.port,
    dataDirFlag: options.dataDir,
    chroma: options.chroma,
    watch: options.watch === true,
    foreground: options.foreground === true,
    onProgress: (doing) => {
      if (doing !== shown) output.status(`${doing} …`);
      shown = doing;
    },
  });
  for (const warning of tree.warnings()) output.note(warning);
  const { interrupted } = interrupts;
  const result = await startTree(ports, {
    timeoutMs: options.timeout,
    interrupted,
    ...(before === undefined ? {} : { before: () => stopFirst(before) }),
  });
  const ended = result.ok || result.alreadyRunning ? undefined : await finishStart(result, ports);
  output.clearStatus();
  noteUnwritten({ unwritten: [...result.unwritten, ...(ended?.unwritten ?? [])] }, output);
  const unrecordable = ended === undefined ? undefined : tree.whyUnrecordable();
  const elapsedMs = context.clock.now() - startedAt;
  const report = await reportStart(command, {
    result,
    ended,
    left: ended?.left ?? left,
    unwritten,
    context,
    elapsedMs,
    unrecordable,
    dataDirFlag: options.dataDir,
  });
  if (options.json === true) output.data(JSON.stringify(report));
  else {
    const { printStart } = await import('./text.ts');
    const logLines = result.ok ? [] : tree.lastLogLines(LOG_LINES);
    await printStart(report, { result, output, context, logLines, dataDirFlag: options.dataDir });
  }
  if (!result.ok) return interrupted.aborted ? EXIT.interrupted : EXIT.found;
  if (options.foreground !== true || result.alreadyRunning) return EXIT.ok;
  sendReady();
  return (await ports.supervisorEnded()) === 0 ? EXIT.ok : EXIT.found;
}

/** Sends `ready` over IPC, which PM2 expects with `wait_ready`. */
function sendReady(): void {
  process.send?.('ready');
}

/** A failed start shows this many lines of the log. */
const LOG_LINES = 12;

interface Starting extends Pick<CommandInput<StartOptions>, 'options' | 'output'> {
  readonly command: 'start' | 'restart';
  readonly context: Context;
  readonly tree: TreeContext;
  readonly interrupts: Interrupts;
}

function portArgument(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new InvalidArgumentError(`"${text}" is not a port (1 to 65535).`);
  return port;
}
