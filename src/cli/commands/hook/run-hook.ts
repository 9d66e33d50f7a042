import { LONGEST_INPUT_BYTES } from '../../../core/hooks/hook-script.ts';
import { ingestHook, type HookPorts, type HookProgress } from '../../../operations/hooks/ingest-hook.ts';
import { messageOf } from '../../../shared/errors.ts';
import { EXIT } from '../../exit-code.ts';
import { exitNow } from '../../exit.ts';
import { readInput } from './read-input.ts';
import { afterRunning } from './running-time.ts';

/** Claude Code writes the input immediately. Milliseconds of running time. */
const INPUT_WITHIN_MS = 1_000;
/** A hook that hangs must not block Claude Code, which allows 5 s or more. Milliseconds of running time. */
const END_WITHIN_MS = 4_000;

/**
 * Stores one hook event. Exits with 0 if the worker or the disk has the event, or if there is nothing to store; with 1 and one line on
 * stderr if the event is lost. Never exits with 2, because Claude Code treats 2 as "block". Prints to stdout only what Claude Code reads.
 */
export async function runHook(argv: readonly string[], openPorts: OpenHookPorts): Promise<void> {
  const hook = new RunningHook(openPorts);
  // The deadline.
  const cancel = afterRunning(END_WITHIN_MS, () => {
    hook.giveUp('timed out');
  });
  process.on('uncaughtException', (error) => {
    hook.giveUp(messageOf(error));
  });
  await hook.run(argv);
  cancel();
  // An open handle could still keep this process alive.
  setTimeout(() => {
    exitNow(hook.exitCode);
  }, END_WITHIN_MS).unref();
}

/**
 * @param dataDirFlag value of `--data-dir`.
 * @throws ClaudeMemError if the data dir cannot be used or belongs to another user.
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
        maxBytes: LONGEST_INPUT_BYTES,
        withinMs: INPUT_WITHIN_MS,
      });
      if (text === '' && !isWhole) throw new Error('no input arrived on stdin');
      this.#ports = this.#openPorts(dataDir);
      const { output, failure } = await ingestHook({ text, event }, this.#ports, this.#progress);
      if (output !== undefined) process.stdout.write(`${output}\n`);
      if (failure !== undefined) this.#fail(failure);
    } catch (error) {
      this.#fail(messageOf(error));
    }
    process.exitCode = this.exitCode;
  }

  /** Exits immediately. First saves to the disk an event that the worker has not confirmed. */
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
    process.stderr.write(`claude-mem hook: this event is lost: ${reason}\n`);
  }
}

/** Parses without commander, because an unknown option must not exit with 2. */
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
