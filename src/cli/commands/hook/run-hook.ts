import { ingestHook, type HookPorts, type HookProgress } from '../../../operations/hooks/ingest-hook.ts';
import { messageOf } from '../../../shared/errors.ts';
import { EXIT } from '../../exit-code.ts';
import { exitNow } from '../../exit.ts';
import { readInput } from './read-input.ts';
import { afterRunning } from './running-time.ts';

/** Enough for what is kept of any event; the rest of a larger input is cut off. */
const MAX_INPUT_BYTES = 1024 * 1024;
/** A host writes its input at once. Milliseconds of running time. */
const INPUT_WITHIN_MS = 1_000;
/** Whatever hangs, the host continues; below the 5 s and more that hosts allow. Milliseconds of running time. */
const END_WITHIN_MS = 4_000;

/**
 * Takes in one hook of the host that runs this command. It ends with 0 once the event is stored by the worker or on the disk, or if there
 * is nothing to remember; with 1 and one line on stderr if the event is lost; never with 2, which the host takes for "do not go on".
 * stdout stays empty unless there is something for the host to read.
 */
export async function runHook(argv: readonly string[], openPorts: OpenHookPorts): Promise<void> {
  const hook = new RunningHook(openPorts);
  // It keeps nothing alive: a hook that is done ends before.
  const cancel = afterRunning(END_WITHIN_MS, () => {
    hook.giveUp('it took too long');
  });
  process.on('uncaughtException', (error) => {
    hook.giveUp(messageOf(error));
  });
  await hook.run(argv);
  cancel();
  // Something else may still hold this process.
  setTimeout(() => {
    exitNow(hook.exitCode);
  }, END_WITHIN_MS).unref();
}

/**
 * @param dataDirFlag value of `--data-dir`.
 * @throws ClaudeMemError when the data dir cannot be used or belongs to another user.
 */
type OpenHookPorts = (dataDirFlag: string | undefined) => HookPorts;

class RunningHook {
  readonly #openPorts: OpenHookPorts;
  readonly #progress: HookProgress = {};
  #ports: HookPorts | undefined;
  exitCode: typeof EXIT.ok | typeof EXIT.found = EXIT.ok;

  constructor(openPorts: OpenHookPorts) {
    this.#openPorts = openPorts;
  }

  async run(argv: readonly string[]): Promise<void> {
    if (process.stdin.isTTY) {
      process.stderr.write('claude-mem hook reads the JSON of a Claude Code hook from stdin.\n');
      return;
    }
    try {
      const { event, dataDir } = parseArguments(argv);
      const { text, isWhole } = await readInput(process.stdin, {
        maxBytes: MAX_INPUT_BYTES,
        withinMs: INPUT_WITHIN_MS,
      });
      if (text === '' && !isWhole) throw new Error('its input did not arrive');
      this.#ports = this.#openPorts(dataDir);
      const { output, failure } = await ingestHook({ text, event }, this.#ports, this.#progress);
      if (output !== undefined) process.stdout.write(`${output}\n`);
      if (failure !== undefined) this.#fail(failure);
    } catch (error) {
      this.#fail(messageOf(error));
    }
    process.exitCode = this.exitCode;
  }

  /** Ends this process now. An event that was on its way to the worker is put on the disk first. */
  giveUp(reason: string): never {
    const { pending, isDone } = this.#progress;
    try {
      if (pending !== undefined) this.#ports?.spool.add(pending);
      else if (isDone !== true) this.#fail(reason);
    } catch (error) {
      this.#fail(messageOf(error));
    }
    exitNow(this.exitCode);
  }

  #fail(reason: string): void {
    this.exitCode = EXIT.found;
    process.exitCode = EXIT.found;
    process.stderr.write(`claude-mem hook: this event is not remembered: ${reason}\n`);
  }
}

/** By hand, because an option that is not known must not end with 2. */
function parseArguments(argv: readonly string[]): {
  readonly event: string | undefined;
  readonly dataDir: string | undefined;
} {
  const words = [...argv];
  let event: string | undefined;
  let dataDir: string | undefined;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--data-dir') dataDir = words.shift();
    else if (word.startsWith('--data-dir=')) dataDir = word.slice('--data-dir='.length);
    else if (!word.startsWith('-')) event ??= word;
  }
  return { event, dataDir };
}
