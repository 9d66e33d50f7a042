import { Command, InvalidArgumentError, type Argument, type Help, type Option } from 'commander';
import { ClaudeMemError } from '../shared/errors.ts';
import { parseDuration } from '../shared/duration.ts';
import type { CliWiring, Context, ContextOptions } from './context.ts';
import { EXIT, type ExitCode, type PassedExitCode } from './exit-code.ts';
import { createOutput, type Output } from './terminal/output.ts';

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly dataDir?: string;
  readonly color: boolean;
}

export interface CommandInput<Options> {
  readonly options: Options & CommonOptions;
  readonly args: readonly string[];
  /**
   * What it works with. Opened by the command itself, because one that judges a file needs no data dir.
   * @throws ClaudeMemError when the data dir cannot be used.
   */
  readonly openContext: (options: Omit<ContextOptions, 'dataDir'>) => Context;
  /** Everything else outside the CLI. */
  readonly wiring: CliWiring;
  readonly output: Output;
}

export interface CommandSpec<Options> {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** Command lines with a word on each, for `--help`. */
  readonly examples: readonly (readonly [commandLine: string, does: string])[];
  readonly exitCodes: readonly (readonly [code: ExitCode, meaning: string])[];
  /** Ends with 0 whatever it is given. */
  readonly failsOpen?: boolean;
  /** Adds arguments and options of its own. */
  readonly configure?: (command: Command) => void;
  readonly run: (input: CommandInput<Options>) => Promise<ExitCode | PassedExitCode>;
}

/** Makes a commander command of a spec; its exit code goes to `process.exitCode`. */
export function defineCommand<Options>(wiring: CliWiring, spec: CommandSpec<Options>): Command {
  const command = new Command(spec.name).summary(spec.summary).description(spec.description);
  spec.configure?.(command);
  command
    .option('--json', 'print one JSON document')
    .option('--data-dir <dir>', 'work on this data dir (default: $CLAUDE_MEM_DATA_DIR, else ~/.claude-mem)')
    .option('--no-color', 'no colors (also: NO_COLOR, a pipe)')
    .addHelpText('after', () => helpText(spec, command.createHelp()))
    .action(async () => {
      const options = command.opts<Options & CommonOptions>();
      const output = createOutput({ color: options.color });
      const openContext: CommandInput<Options>['openContext'] = (how) =>
        wiring.createContext({ ...how, dataDir: options.dataDir });
      process.exitCode = await spec.run({ options, args: command.args, openContext, wiring, output });
    });
  return command;
}

/** Names the usual values for help and completion, and leaves it to the command to take or refuse others. */
export function suggesting<Part extends Argument | Option>(
  part: Part,
  values: readonly string[] | (() => readonly string[]),
): Part {
  // Values that take a while to find out are asked for by help and completion alone.
  const get = () => [...(typeof values === 'function' ? values() : values)];
  Object.defineProperty(part, 'argChoices', { get, enumerable: true, configurable: true });
  return part;
}

/** For `.option(…, parse)`: a duration, in milliseconds. */
export function durationArgument(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof ClaudeMemError) throw new InvalidArgumentError(`${error.message}. ${error.hint ?? ''}`);
    throw error;
  }
}

/** For `.option('--pid <pid…>', parse)`: collects process ids. */
export function pidArgument(text: string, collected: ReadonlySet<number> = new Set()): ReadonlySet<number> {
  const pid = Number(text);
  if (!/^\d+$/.test(text) || pid < 1 || pid > MAX_PID) throw new InvalidArgumentError(`"${text}" is not a process id.`);
  return new Set([...collected, pid]);
}

/** Windows has the widest: 32 bits. */
const MAX_PID = 0xffff_ffff;

type HelpOf = Pick<CommandSpec<unknown>, 'examples' | 'exitCodes' | 'failsOpen'>;

function helpText({ examples, exitCodes, failsOpen = false }: HelpOf, help: Help): string {
  const wrongUsage = [EXIT.usage, 'wrong usage; nothing was done'] as const;
  const codes = [...exitCodes, ...(failsOpen ? [] : [wrongUsage])]
    .toSorted(([left], [right]) => left - right)
    .map(([code, meaning]) => hanging(`  ${String(code).padEnd(3)}  `, meaning, help));
  return `\nExamples:\n${exampleLines(examples, help).join('\n')}\n\nExit codes:\n${codes.join('\n')}`;
}

/** What an example does stands beside it, or, where one of them is too long for that, below. */
function exampleLines(examples: HelpOf['examples'], help: Help): readonly string[] {
  const width = Math.max(...examples.map(([line]) => line.length));
  const beside = examples.map(([line, does]) => `  ${line.padEnd(width)}  ${does}`);
  if (beside.every((line) => line.length <= HELP_COLUMNS)) return beside;
  return examples.map(([line, does]) => `  ${line}\n${hanging('      ', does, help)}`);
}

/** Wraps a text behind what begins its first line. */
function hanging(begin: string, text: string, help: Help): string {
  return begin + help.boxWrap(text, HELP_COLUMNS - begin.length).replaceAll('\n', `\n${' '.repeat(begin.length)}`);
}

/** As wide as the rest of the help where there is no terminal. */
const HELP_COLUMNS = 80;
