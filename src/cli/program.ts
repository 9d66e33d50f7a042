import { getSystemErrorMap } from 'node:util';
import { Command, CommanderError } from 'commander';
import { escapeHidden } from '../core/text/harmless-text.ts';
import { ClaudeMemError, type ErrorCode } from '../shared/errors.ts';
import { guardCommand } from './commands/guard/command.ts';
import { hookCommand } from './commands/hook/command.ts';
import { integrateCommand } from './commands/integrate/command.ts';
import { historyCommand } from './commands/history/command.ts';
import { completionCommand } from './commands/completion/command.ts';
import { doctorCommand } from './commands/doctor/command.ts';
import { leaksCommand } from './commands/leaks/command.ts';
import { reapCommand } from './commands/reap/command.ts';
import { restartCommand } from './commands/restart/command.ts';
import { searchServerCommand } from './commands/search-server/command.ts';
import { setupCommand } from './commands/setup/command.ts';
import { snapshotCommand } from './commands/snapshot/command.ts';
import { startCommand } from './commands/start/command.ts';
import { statusCommand } from './commands/status/command.ts';
import { stopCommand } from './commands/stop/command.ts';
import { logsCommand } from './commands/logs/command.ts';
import { verifyCommand } from './commands/verify/command.ts';
import type { CliWiring } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { dropInheritedMarks } from './inherited-marks.ts';
import { watchOutput } from './terminal/output.ts';
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
    await createProgram(wiring).parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error, argv, wiring);
  }
}

const COMMANDS = [
  setupCommand,
  startCommand,
  stopCommand,
  restartCommand,
  statusCommand,
  logsCommand,
  historyCommand,
  doctorCommand,
  leaksCommand,
  reapCommand,
  guardCommand,
  snapshotCommand,
  searchServerCommand,
  hookCommand,
  integrateCommand,
  completionCommand,
  verifyCommand,
];

export function createProgram(wiring: CliWiring): Command {
  const program = new Command('claude-mem')
    .description("Runs claude-mem's process tree. Finds, explains and ends the processes that such trees leave behind.")
    .version(VERSION, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText('after', '\nRun `claude-mem <command> --help` for options, examples and exit codes.');
  for (const command of COMMANDS.map((create) => create(wiring))) program.addCommand(command);
  // Commander copies these settings only to commands that it creates itself.
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({ outputError: () => undefined })
      .showHelpAfterError(false);
  }
  return program;
}

function report(error: unknown, argv: readonly string[], wiring: CliWiring): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  // Without a command, or with `help` of an unknown one, commander has already printed the help.
  if (error instanceof CommanderError && error.code === 'commander.help') {
    const [word, asked] = argv.slice(2);
    if (word === 'help' && asked !== undefined)
      process.stderr.write(escapeHidden(`claude-mem: unknown command '${asked}'\n`));
    return EXIT.usage;
  }
  // The words after `--` belong to the command that `verify` runs.
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const isJson = own.includes('--json');
  const command = own.slice(2).find((argument) => !argument.startsWith('-')) ?? null;
  const { code, exitCode, message, hint } = describe(error, command, wiring);
  if (isJson) {
    const document = JSON.stringify({ schemaVersion: 1, command, error: { code, message, hint } });
    process.stdout.write(`${escapeHidden(document)}\n`);
  } else {
    process.stderr.write(escapeHidden(`claude-mem: ${message}\n${hint === null ? '' : `${hint}\n`}`));
  }
  return exitCode;
}

function describe(error: unknown, command: string | null, wiring: CliWiring) {
  if (error instanceof ClaudeMemError) {
    return { code: error.code, exitCode: EXIT_OF[error.code], message: error.message, hint: error.hint ?? null };
  }
  if (error instanceof CommanderError) {
    const isKnown = createProgram(wiring).commands.some((candidate) => candidate.name() === command);
    return {
      code: 'usage',
      exitCode: EXIT.usage,
      message: error.message.replace(/^error: /, ''),
      hint: `See: claude-mem ${isKnown ? `${command ?? ''} ` : ''}--help`,
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
