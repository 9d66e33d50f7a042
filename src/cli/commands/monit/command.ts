import { Option } from 'commander';
import { ClaudeMemError } from '../../../shared/errors.ts';
import { defineCommand, type CommandInput } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { intervalArgument } from '../../interval-argument.ts';

interface MonitOptions {
  /** Milliseconds. */
  readonly interval: number;
}

const DEFAULT_INTERVAL_MS = 2_000;

export const monitCommand = (wiring: CliWiring) =>
  defineCommand<MonitOptions>(wiring, {
    name: 'monit',
    summary: 'watch tree, leaks and logs on one live screen',
    description:
      'Draws the tree with current CPU and memory, the leaks in groups, and the log of the selected process, until q or Ctrl-C. Keys: ' +
      'arrows select, l log, r reap, Ctrl-R restart, space pause, ? help. reap and restart ask first. Needs a terminal.',
    examples: [
      ['claude-mem monit', 'the live screen'],
      ['claude-mem monit --interval 500ms', 'with more readings'],
      ['claude-mem status --watch', 'the same'],
    ],
    exitCodes: [
      [EXIT.ok, 'ended by q'],
      [EXIT.couldNotLook, 'the first reading failed'],
      [EXIT.interrupted, 'ended by Ctrl-C or a signal'],
    ],
    configure: (command) =>
      command.addOption(
        new Option('--interval <duration>', 'time between two readings')
          .argParser(intervalArgument)
          .default(DEFAULT_INTERVAL_MS, '2s'),
      ),
    run: (input) => runMonit(input, input.options.interval),
  });

/** @throws ClaudeMemError `usage` without a terminal that can move its cursor. */
export async function runMonit(
  input: CommandInput<object>,
  intervalMs: number = DEFAULT_INTERVAL_MS,
): Promise<ExitCode> {
  const why = whyNoScreen(input);
  if (why !== undefined) throw new ClaudeMemError('usage', why, { hint: INSTEAD });
  const { monitOnScreen } = await import('./on-screen.ts');
  return monitOnScreen(input, intervalMs);
}

const INSTEAD =
  'Use `claude-mem status` for one reading, `claude-mem status --json` in a script, and `claude-mem leaks --watch` for a line per reading.';

function whyNoScreen({ options, output }: CommandInput<object>): string | undefined {
  if (options.json === true) return 'monit draws a screen and has no JSON document';
  if (!output.isTerminal) return 'monit needs a terminal, and its output goes elsewhere';
  if (!process.stdin.isTTY) return 'monit needs a terminal for its keys, and its input comes from elsewhere';
  if (process.env.TERM === 'dumb') return 'monit needs a terminal that can move its cursor, and TERM is "dumb"';
  return undefined;
}
