import { getSystemErrorMap } from 'node:util';
import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { escapeHidden } from '../core/text/harmless-text.ts';
import { ClaudeMemError, type ErrorCode } from '../shared/errors.ts';
import { COMMAND_NAMES, type CommandName, isCommandName } from './command-names.ts';
import type { CliWiring } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { dropInheritedMarks } from './inherited-marks.ts';
import { helpWithProgramName, withProgramName } from './program-name.ts';
import { err, out, watchOutput } from './terminal/output.ts';
import { VERSION } from '../shared/version.ts';

const EXIT_OF: Readonly<Record<ErrorCode, ExitCode>> = {
  usage: EXIT.usage,
  settings: EXIT.usage,
  'data-dir': EXIT.usage,
  'not-owner': EXIT.usage,
  'snapshot-file': EXIT.usage,
  'process-table-unreadable': EXIT.couldNotLook,
  'manifest-unreadable': EXIT.couldNotLook,
  'lock-held': EXIT.found,
  'port-taken': EXIT.found,
  io: EXIT.found,
  interrupted: EXIT.interrupted,
};

/** Runs the CLI. Prints message and hint of expected errors, and the stack of all others. */
export async function run(argv: readonly string[], wiring: CliWiring): Promise<void> {
  dropInheritedMarks();
  watchOutput();
  try {
    await (await createProgram(wiring, argv[2])).parseAsync([...argv]);
  } catch (error) {
    process.exitCode = await report(error, argv);
  }
}

/** Loads the code of one command. */
const COMMANDS: Readonly<Record<CommandName, () => Promise<(wiring: CliWiring) => Command>>> = {
  setup: async () => (await import('./commands/setup/command.ts')).setupCommand,
  start: async () => (await import('./commands/start/command.ts')).startCommand,
  stop: async () => (await import('./commands/stop/command.ts')).stopCommand,
  restart: async () => (await import('./commands/restart/command.ts')).restartCommand,
  status: async () => (await import('./commands/status/command.ts')).statusCommand,
  monit: async () => (await import('./commands/monit/command.ts')).monitCommand,
  logs: async () => (await import('./commands/logs/command.ts')).logsCommand,
  history: async () => (await import('./commands/history/command.ts')).historyCommand,
  doctor: async () => (await import('./commands/doctor/command.ts')).doctorCommand,
  leaks: async () => (await import('./commands/leaks/command.ts')).leaksCommand,
  reap: async () => (await import('./commands/reap/command.ts')).reapCommand,
  guard: async () => (await import('./commands/guard/command.ts')).guardCommand,
  snapshot: async () => (await import('./commands/snapshot/command.ts')).snapshotCommand,
  'search-server': async () => (await import('./commands/search-server/command.ts')).searchServerCommand,
  hook: async () => (await import('./commands/hook/command.ts')).hookCommand,
  integrate: async () => (await import('./commands/integrate/command.ts')).integrateCommand,
  completion: async () => (await import('./commands/completion/command.ts')).completionCommand,
  verify: async () => (await import('./commands/verify/command.ts')).verifyCommand,
};

/** @param first the first argument. If it names a command, the program has this command only; by default, it has all. */
export async function createProgram(wiring: CliWiring, first = ''): Promise<Command> {
  const program = new Command('claude-mem')
    .description("Runs claude-mem's process tree. Finds, explains and ends the processes that such trees leave behind.")
    .version(VERSION, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText('after', '\nRun `claude-mem <command> --help` for options, examples and exit codes.');
  for (const name of commandsFor(first)) program.addCommand((await COMMANDS[name]())(wiring));
  // Commander copies these settings only to commands that it creates itself.
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput(OUTPUT).showHelpAfterError(false);
  }
  return program;
}

/** Commander would load the streams. `report` prints its errors. */
const OUTPUT: OutputConfiguration = {
  writeOut: (text) => {
    out.write(helpWithProgramName(text));
  },
  writeErr: (text) => {
    err.write(helpWithProgramName(text));
  },
  outputError: () => undefined,
};

function commandsFor(first: string): readonly CommandName[] {
  if (first === '-V' || first === '--version') return [];
  // The completion covers the other commands.
  return isCommandName(first) && first !== 'completion' ? [first] : COMMAND_NAMES;
}

async function report(error: unknown, argv: readonly string[]): Promise<ExitCode> {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  // Without a command, or with `help` of an unknown one, commander has already printed the help.
  if (error instanceof CommanderError && error.code === 'commander.help') {
    const [word, asked] = argv.slice(2);
    if (word === 'help' && asked !== undefined) err.write(escapeHidden(`claude-mem: unknown command '${asked}'\n`));
    return EXIT.usage;
  }
  // The words after `--` belong to the command that `verify` runs.
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const isJson = own.includes('--json');
  const command = own.slice(2).find((argument) => !argument.startsWith('-')) ?? null;
  const { code, exitCode, message, ...described } =
    (await describeUnknownCommand(error, command)) ?? describe(error, command);
  const hint = described.hint === null ? null : withProgramName(described.hint);
  if (isJson) {
    const document = JSON.stringify({ schemaVersion: 1, command, error: { code, message, hint } });
    out.write(`${escapeHidden(document)}\n`);
  } else {
    err.write(escapeHidden(`claude-mem: ${message}\n${hint === null ? '' : `${hint}\n`}`));
  }
  return exitCode;
}

/** Suggests a command by the sense of the word. Commander's own suggestion compares the spelling: `stop` for `top`. */
async function describeUnknownCommand(error: unknown, word: string | null) {
  if (!(error instanceof CommanderError) || error.code !== 'commander.unknownCommand' || word === null)
    return undefined;
  const { suggestBySense } = await import('./unknown-command.ts');
  const lines = suggestBySense(word);
  if (lines === undefined) return undefined;
  return {
    code: 'usage',
    exitCode: EXIT.usage,
    message: `unknown command '${word}'`,
    hint: `Use instead:\n${lines}`,
  };
}

function describe(error: unknown, command: string | null) {
  if (error instanceof ClaudeMemError) {
    return { code: error.code, exitCode: EXIT_OF[error.code], message: error.message, hint: error.hint ?? null };
  }
  if (error instanceof CommanderError) {
    const isKnown = command !== null && isCommandName(command);
    return {
      code: 'usage',
      exitCode: EXIT.usage,
      message: error.message.replace(/^error: /, ''),
      hint: `See: claude-mem ${isKnown ? `${command} ` : ''}--help`,
    };
  }
  const system = describeSystemError(error);
  if (system !== undefined) return system;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: 'unexpected',
    exitCode: EXIT.found,
    message: text,
    hint: 'This is a bug in claude-mem. Please report it.',
  };
}

/** Describes an unexpected error of a file operation by operation, path and cause instead of a stack. */
function describeSystemError(error: unknown) {
  if (!(error instanceof Error) || !('syscall' in error) || !('errno' in error) || !('path' in error)) return undefined;
  const { syscall, errno, path } = error;
  if (typeof errno !== 'number' || typeof path !== 'string' || typeof syscall !== 'string') return undefined;
  const [name = '', meaning = error.message] = getSystemErrorMap().get(errno) ?? [];
  return {
    code: 'io',
    exitCode: EXIT.found,
    message: `cannot ${syscall} ${path}: ${meaning} (${name})`,
    hint: 'Check the type, owner and mode of this path.',
  };
}
