import { InvalidArgumentError, Option } from 'commander';
import { SCENARIOS } from '../../../operations/verify/scenarios.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { defineCommand, durationArgument, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode, type PassedExitCode } from '../../exit-code.ts';
import { verifyCommandLine } from './run-command.ts';
import type { VerifyOptions } from './options.ts';
import { verifyScenarios } from './run-scenarios.ts';

export const verifyCommand = (wiring: CliWiring) =>
  defineCommand<VerifyOptions>(wiring, {
    name: 'verify',
    summary: 'prove that no process is left behind: by the tree, or by any command',
    description:
      'Alone: starts the tree in a data dir and on a port of its own, hits it in every way it can be hit, and proves each time that ' +
      'nothing of it is left within 5 s. Uses your uvx, its cache and the embedding model, and downloads nothing.\n\n' +
      'With a command: runs it with its stdin, stdout, stderr and exit code passed through, then lists every process that it started ' +
      'and that still runs, also what forked twice, called setsid or cleared its environment. That report goes to stderr.\n\n' +
      `Scenarios:\n${SCENARIOS.map(({ name, does }) => `  ${name.padEnd(20)}${does}`).join('\n')}`,
    examples: [
      ['claude-mem verify', 'every scenario once'],
      ['claude-mem verify --scenario stop,restart --cycles 10', 'two of them, ten times'],
      ['claude-mem verify --json --junit verify.xml', 'for CI'],
      ['claude-mem verify -- npm test', 'fail if the tests leave a process behind'],
      ['claude-mem verify --settle 3s --reap -- make check', 'give it three seconds, then end what is left'],
      ["claude-mem verify --allow '^gpg-agent ' -- make release", 'one that may stay'],
    ],
    exitCodes: [
      [EXIT.ok, 'nothing was left behind'],
      [EXIT.found, 'something was left behind (whether or not --reap ended it), or a scenario failed'],
      [EXIT.couldNotLook, 'could not look, or not at everything'],
      [EXIT.interrupted, 'interrupted; with a command: after it had ended'],
    ],
    configure: (command) =>
      command
        .argument(
          '[command...]',
          'a command and its arguments, after --; its own failure code comes first (not found: 127)',
        )
        .addOption(
          new Option('--scenario <names>', 'only these; comma-separated, may be repeated').argParser(scenarioArgument),
        )
        .addOption(new Option('--cycles <count>', 'play them so often (default: 1)').argParser(cyclesArgument))
        .addOption(
          new Option('--settle <duration>', 'how long what the command started may take to go (default: 1s)').argParser(
            durationArgument,
          ),
        )
        .option('--reap', 'end what the command left, but nothing that belongs to a claude-mem which lives')
        .addOption(
          new Option('--grace <duration>', 'with --reap: between SIGTERM and SIGKILL (default: 5s)').argParser(
            durationArgument,
          ),
        )
        .addOption(
          new Option(
            '--allow <pattern>',
            'a regular expression (JavaScript, case counts); a process may stay if its command line, arguments joined by spaces, ' +
              'matches it anywhere, and so may all that hangs below it; may be repeated',
          ).argParser(patternArgument),
        )
        .option('--output <file>', 'write the report, or with --json the document, to this file')
        .option('--junit <file>', 'also write the report as JUnit XML'),
    run: runVerify,
  });

function runVerify(input: CommandInput<VerifyOptions>): Promise<ExitCode | PassedExitCode> {
  const isCommand = input.args.length > 0;
  const misplaced = isCommand ? (['scenario', 'cycles'] as const) : (['settle', 'reap', 'grace', 'allow'] as const);
  const wrong = misplaced.find((name) => input.options[name] !== undefined);
  if (wrong === undefined) return isCommand ? verifyCommandLine(input) : verifyScenarios(input);
  throw new ClaudeMemError('usage', `--${wrong} has no meaning ${isCommand ? 'with' : 'without'} a command`, {
    hint: 'Either `claude-mem verify [--scenario …]` or `claude-mem verify [--settle …] -- COMMAND`.',
  });
}

function scenarioArgument(text: string, collected: readonly string[] = []): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (wrong === undefined) return [...collected, ...names];
  throw new InvalidArgumentError(`"${wrong}" is none of ${SCENARIOS.map(({ name }) => name).join(', ')}.`);
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
    throw new InvalidArgumentError(`"${text}" is no regular expression: ${String(error)}`);
  }
}
