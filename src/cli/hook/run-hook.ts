import { takeHookIn } from '../../operations/hooks/take-in.ts';
import { EXIT } from '../exit-code.ts';
import { exitNow } from '../exit.ts';
import { openHookPorts } from './hook-context.ts';
import { readInput } from './read-input.ts';

/** Enough for what is kept of any event; the rest of a larger input is cut off. */
const MAX_INPUT_BYTES = 1024 * 1024;
/** A host writes its input at once. Milliseconds. */
const INPUT_WITHIN_MS = 1_000;
/** Whatever hangs, the host gets its turn back; below the 5 s and more that hosts allow. Milliseconds. */
const END_WITHIN_MS = 4_000;

/**
 * Takes in one hook of the host that runs this command. Fails open: whatever goes wrong, it ends with 0, because the host takes 2 for
 * "do not go on", and stdout stays empty unless there is something for the host to read.
 */
export async function runHook(argv: readonly string[]): Promise<void> {
  const watchdog = setTimeout(() => {
    exitNow(EXIT.ok);
  }, END_WITHIN_MS);
  process.on('uncaughtException', () => {
    exitNow(EXIT.ok);
  });
  try {
    if (process.stdin.isTTY) {
      process.stderr.write('claude-mem hook reads the JSON of a Claude Code hook from stdin.\n');
      return;
    }
    const { event, dataDir } = parseArguments(argv);
    const text = await readInput(process.stdin, { maxBytes: MAX_INPUT_BYTES, withinMs: INPUT_WITHIN_MS });
    const output = await takeHookIn({ text, event }, openHookPorts(dataDir));
    if (output !== undefined) process.stdout.write(`${output}\n`);
  } catch {
    // No data dir that could be used, or somebody else's: there is nowhere to say so.
  } finally {
    // It keeps nothing alive, but still ends this process should anything else.
    watchdog.unref();
    process.exitCode = EXIT.ok;
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
