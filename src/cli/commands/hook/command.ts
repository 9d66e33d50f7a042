import { FAILURE_EVENT, HOOK_EVENTS } from '../../../operations/hooks/hook-event.ts';
import { Argument } from 'commander';
import { completing, defineCommand } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT } from '../../exit-code.ts';
import { loadProgram } from '../../programs.ts';

/** Mostly for `--help`: the entry script runs hooks without loading the code of the other commands (scripts/compile-ahead.mjs). */
const EVENTS = [...HOOK_EVENTS, FAILURE_EVENT];

export const hookCommand = (wiring: CliWiring) =>
  defineCommand<object>(wiring, {
    name: 'hook',
    summary: 'store one Claude Code hook event; run by Claude Code itself',
    description:
      'Reads the JSON of a hook event from stdin and stores prompts, tool use and a summary of the session. Uses no model and removes ' +
      'secrets. SessionStart also starts the tree if none runs, and prints the memory of the project for the new session. An event ' +
      'that the worker does not accept within 1 s waits in the data dir. The exit code is never 2, which would block Claude Code. ' +
      '`claude-mem integrate` prints the settings that run this command for SessionStart, and a script in the data dir for all other events. ' +
      'On Windows they run this command for all events.',
    examples: [
      ['claude-mem hook SessionStart', 'run by Claude Code, with JSON on stdin'],
      ['claude-mem logs hook', 'show the errors of hooks'],
    ],
    exitCodes: [
      [EXIT.ok, 'the event is stored, waits in the data dir, or contains nothing to store'],
      [EXIT.found, 'the event is lost; stderr gives the reason in one line'],
    ],
    failsOpen: true,
    configure: (command) =>
      command.addArgument(
        completing(new Argument('[event]', `${EVENTS.join(', ')} (default: the event that the input names)`), EVENTS),
      ),
    run: () => {
      loadProgram('hook');
      return Promise.resolve(EXIT.ok);
    },
  });
