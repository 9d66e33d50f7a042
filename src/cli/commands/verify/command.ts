import { InvalidArgumentError, Option } from 'commander';
import { SCENARIOS } from '../../../operations/verify/scenarios.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { completing, defineCommand, durationArgument, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode, type PassedExitCode } from '../../exit-code.ts';
import { verifyCommandLine } from './run-command.ts';
import type { VerifyOptions } from './options.ts';
import { verifyScenarios } from './run-scenarios.ts';

export const verifyCommand = (wiring: CliWiring) =>
  defineCommand<VerifyOptions>(wiring, {
    name: 'verify',
    summary: 'prove that the tree, or any command, leaves no process behind',
    description:
      'Without a command: starts the tree in a temporary data dir and on a free port, runs every scenario below, and proves each ' +
      'time that no process is left within 5 s. Uses your uvx, its cache and the embedding model, and downloads nothing.\n\n' +
      'With a command: runs it, passes stdin, stdout, stderr and exit code through, and lists every process that the command started ' +
      'and that still runs, including one that forked twice, called setsid or cleared its environment. The report goes to stderr.\n\n' +
      `Scenarios:\n${SCENARIOS.map(({ name, does }) => `  ${name.padEnd(20)}${does}`).join('\n')}`,
    examples: [
      ['claude-mem verify', 'every scenario once'],
      ['claude-mem verify --scenario stop,restart --cycles 10', 'two scenarios, ten times'],
      ['claude-mem verify --json --junit verify.xml', 'for CI'],
      ['claude-mem verify -- npm test', 'fail if the tests leave a process behind'],
      ['claude-mem verify --settle 3s --reap -- make check', 'wait up to 3 s, then end the processes that are left'],
      ["claude-mem verify --allow '^gpg-agent ' -- make release", 'let gpg-agent stay'],
    ],
    exitCodes: [
      [EXIT.ok, 'no process was left behind'],
      [EXIT.found, 'a process was left behind (even if --reap ended it), or a scenario failed'],
      [EXIT.couldNotLook, 'the process table could not be read completely'],
      [EXIT.interrupted, 'interrupted (with a command: after its end)'],
    ],
    canBeQuiet: true,
    configure: (command) =>
      command
        .argument(
          '[command...]',
          'the command and its arguments, after --; if it fails, verify exits with its code (not found: 127)',
        )
        .addOption(
          completing(
            new Option('--scenario <names>', 'only these scenarios; comma-separated, repeatable').argParser(
              scenarioArgument,
            ),
            SCENARIOS.map(({ name }) => name),
          ),
        )
        .addOption(
          new Option('--cycles <count>', 'how often to run the scenarios (default: 1)').argParser(cyclesArgument),
        )
        .addOption(
          new Option('--settle <duration>', 'time for processes to exit after the command (default: 1s)').argParser(
            durationArgument,
          ),
        )
        .option('--reap', 'end the processes that are left, except those of a running claude-mem')
        .addOption(
          new Option('--grace <duration>', 'with --reap: time from SIGTERM to SIGKILL (default: 5s)').argParser(
            durationArgument,
          ),
        )
        .addOption(
          new Option(
            '--allow <pattern>',
            'a JavaScript regular expression, case-sensitive; a process may stay, with its descendants, if any part of its command ' +
              'line (arguments joined by spaces) matches; repeatable',
          ).argParser(patternArgument),
        )
        .option('--output <file>', 'write the report (with --json, the JSON document) to this file')
        .option('--junit <file>', 'also write the report as JUnit XML'),
    run: runVerify,
  });

function runVerify(input: CommandInput<VerifyOptions>): Promise<ExitCode | PassedExitCode> {
  const isCommand = input.args.length > 0;
  // A script whose variable is empty must not run the scenarios, and pass.
  if (!isCommand && process.argv.at(-1) === '--')
    throw new ClaudeMemError('usage', 'there is no command after --', {
      hint: 'Use `claude-mem verify -- COMMAND`, or `claude-mem verify` for the scenarios.',
    });
  const misplaced = isCommand ? (['scenario', 'cycles'] as const) : (['settle', 'reap', 'grace', 'allow'] as const);
  const wrong = misplaced.find((name) => input.options[name] !== undefined);
  if (wrong === undefined) return isCommand ? verifyCommandLine(input) : verifyScenarios(input);
  throw new ClaudeMemError('usage', `--${wrong} cannot be used ${isCommand ? 'with' : 'without'} a command`, {
    hint: 'Use `claude-mem verify [--scenario …]` or `claude-mem verify [--settle …] -- COMMAND`.',
  });
}

function scenarioArgument(text: string, collected: readonly string[] = []): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (wrong === undefined) return [...collected, ...names];
  throw new InvalidArgumentError(`"${wrong}" is not one of: ${SCENARIOS.map(({ name }) => name).join(', ')}.`);
}

const MOST_CYCLES = 10_000;

function cyclesArgument(text: string): number {
  const cycles = Number(text);
  if (/^\d+$/.test(text) && cycles >= 1 && cycles <= MOST_CYCLES) return cycles;
  throw new InvalidArgumentError(`"${text}" is not a number from 1 to ${MOST_CYCLES}.`);
}

function patternArgument(text: string, collected: readonly RegExp[] = []): readonly RegExp[] {
  try {
    return [...collected, new RegExp(text, 'u')];
  } catch (error) {
    throw new InvalidArgumentError(`"${text}" is not a regular expression: ${String(error)}`);
  }
}
