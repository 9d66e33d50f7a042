import { Command, InvalidArgumentError, Option, type Argument, type Help } from 'commander';
import { ClaudeMemError } from '../shared/errors.ts';
import { parseDuration } from '../shared/duration.ts';
import type { CliWiring, Context, ContextOptions } from './context.ts';
import { EXIT, type ExitCode, type PassedExitCode } from './exit-code.ts';
import { createOutput, type Output } from './terminal/output.ts';

/** Options that every command has; `quiet` only those that print a report. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly dataDir?: string;
  readonly color: boolean;
}

export interface CommandInput<Options> {
  readonly options: Options & CommonOptions;
  readonly args: readonly string[];
  /**
   * Opens the data dir. The command calls this itself, because `leaks --from` needs no data dir.
   * @throws ClaudeMemError if the data dir cannot be used.
   */
  readonly openContext: (options: Omit<ContextOptions, 'dataDir'>) => Context;
  /** All other adapters. */
  readonly wiring: CliWiring;
  readonly output: Output;
}

export interface CommandSpec<Options> {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** Command lines for `--help`, each with a short description. */
  readonly examples: readonly (readonly [commandLine: string, does: string])[];
  readonly exitCodes: readonly (readonly [code: ExitCode, meaning: string])[];
  /** The command never exits with 2, also if its arguments are wrong. */
  readonly failsOpen?: boolean;
  /** The command prints a report, and `--quiet` leaves it out. */
  readonly canBeQuiet?: boolean;
  /** Adds the arguments and options of this command. */
  readonly configure?: (command: Command) => void;
  readonly run: (input: CommandInput<Options>) => Promise<ExitCode | PassedExitCode>;
}

/** Examples and exit codes, which commander does not know. */
const SPECS = new WeakMap<Command, HelpOf>();

/** The examples and exit codes of a command, for the man page. */
export function helpOf(command: Command): Pick<HelpOf, 'examples'> & { readonly exitCodes: ExitCodes } {
  const { examples, exitCodes, failsOpen } = SPECS.get(command) ?? { examples: [], exitCodes: [] };
  return { examples, exitCodes: allExitCodes({ exitCodes, failsOpen }) };
}

/** Makes a commander command of a spec. The action stores the exit code in `process.exitCode`. */
export function defineCommand<Options>(wiring: CliWiring, spec: CommandSpec<Options>): Command {
  const command = new Command(spec.name).summary(spec.summary).description(spec.description);
  SPECS.set(command, spec);
  spec.configure?.(command);
  command.option('--json', 'print one JSON document');
  if (spec.canBeQuiet === true) command.addOption(quietOption());
  command
    .option('--data-dir <dir>', 'use this data dir (default: $CLAUDE_MEM_DATA_DIR, else ~/.claude-mem)')
    .option('--no-color', 'print without colors (outweighs FORCE_COLOR)')
    .addHelpText('after', () => helpText(spec, command.createHelp()))
    .action(async () => {
      const options = command.opts<Options & CommonOptions>();
      const output = createOutput({ color: options.color, quiet: options.quiet === true });
      const openContext: CommandInput<Options>['openContext'] = (how) =>
        wiring.createContext({ ...how, dataDir: options.dataDir });
      process.exitCode = await spec.run({ options, args: command.args, openContext, wiring, output });
    });
  return command;
}

function quietOption(): Option {
  return new Option('-q, --quiet', 'print no report, only errors: the exit code is the result').conflicts('json');
}

/** Lists the usual values in help and completion. The command itself accepts or rejects other values. */
export function suggesting<Part extends Argument | Option>(
  part: Part,
  values: readonly string[] | (() => readonly string[]),
): Part {
  // A getter, so that only help and completion compute slow lists.
  const get = () => [...(typeof values === 'function' ? values() : values)];
  Object.defineProperty(part, 'argChoices', { get, enumerable: true, configurable: true });
  return part;
}

/** Lists the values in completion only: the description of the command explains them. */
export function completing<Part extends Argument | Option>(part: Part, values: readonly string[]): Part {
  COMPLETED.set(part, values);
  return part;
}

const COMPLETED = new WeakMap<Argument | Option, readonly string[]>();

/** The values that completion offers; undefined if there is no list. */
export function completedValues(part: Argument | Option): readonly string[] | undefined {
  return COMPLETED.get(part) ?? part.argChoices;
}

/** Parses the value of a duration option. @returns milliseconds. */
export function durationArgument(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof ClaudeMemError) throw new InvalidArgumentError(`${error.message}. ${error.hint ?? ''}`);
    throw error;
  }
}

/** Parses one value of `--pid <pid…>` and adds it to those before. */
export function pidArgument(text: string, collected: ReadonlySet<number> = new Set()): ReadonlySet<number> {
  const pid = Number(text);
  if (!/^\d+$/.test(text) || pid < 1 || pid > MAX_PID) throw new InvalidArgumentError(`"${text}" is not a process id.`);
  return new Set([...collected, pid]);
}

/** Windows has the widest pids: 32 bits. */
const MAX_PID = 0xffff_ffff;

type ExitCodes = CommandSpec<unknown>['exitCodes'];

interface HelpOf extends Pick<CommandSpec<unknown>, 'examples' | 'exitCodes'> {
  readonly failsOpen?: boolean | undefined;
}

function helpText({ examples, exitCodes, failsOpen }: HelpOf, help: Help): string {
  const codes = allExitCodes({ exitCodes, failsOpen }).map(([code, meaning]) =>
    withHangingIndent(`  ${String(code).padEnd(3)}  `, meaning, help),
  );
  return `\nExamples:\n${exampleLines(examples, help).join('\n')}\n\nExit codes:\n${codes.join('\n')}`;
}

function allExitCodes({ exitCodes, failsOpen = false }: Omit<HelpOf, 'examples'>): ExitCodes {
  const wrongUsage = [EXIT.usage, 'wrong usage; nothing was done'] as const;
  return [...exitCodes, ...(failsOpen ? [] : [wrongUsage])].toSorted(([left], [right]) => left - right);
}

/** Prints each description beside its example, or below it if one example is too long. */
function exampleLines(examples: HelpOf['examples'], help: Help): readonly string[] {
  const width = Math.max(...examples.map(([line]) => line.length));
  const beside = examples.map(([line, does]) => `  ${line.padEnd(width)}  ${does}`);
  if (beside.every((line) => line.length <= HELP_COLUMNS)) return beside;
  return examples.map(([line, does]) => `  ${line}\n${withHangingIndent('      ', does, help)}`);
}

/** Wraps a text with a hanging indent as wide as `begin`. */
function withHangingIndent(begin: string, text: string, help: Help): string {
  return begin + help.boxWrap(text, HELP_COLUMNS - begin.length).replaceAll('\n', `\n${' '.repeat(begin.length)}`);
}

/** Commander's width if there is no terminal. */
const HELP_COLUMNS = 80;
