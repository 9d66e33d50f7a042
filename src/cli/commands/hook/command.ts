import { HOOK_EVENTS } from '../../../operations/hooks/hook-event.ts';
import { defineCommand } from '../../command.ts';
import type { CliWiring } from '../../context.ts';
import { EXIT } from '../../exit-code.ts';
import { loadProgram } from '../../programs.ts';

/** Mostly for the help: the entry script runs a hook without loading what the other commands need (scripts/compile-ahead.mjs). */
export const hookCommand = (wiring: CliWiring) =>
  defineCommand<object>(wiring, {
    name: 'hook',
    summary: 'take in what a hook of Claude Code tells',
    description:
      "Reads a hook's JSON from stdin and remembers it: prompts, what tools did, and a summary of the session, without asking a " +
      'model and with secrets taken out. SessionStart also starts the tree if none runs, and prints what is remembered of the ' +
      'project, for the session. An event that the worker does not take at once waits in the data dir. It never ends with 2, ' +
      'which would stop the host. ' +
      '`claude-mem integrate` prints the settings that run it.',
    examples: [
      ['claude-mem hook SessionStart', 'what the host runs, with JSON on stdin'],
      ['claude-mem logs hook', 'what went wrong, if anything'],
    ],
    exitCodes: [
      [EXIT.ok, 'the event is stored, or waits in the data dir, or there is nothing to remember'],
      [EXIT.found, 'the event is lost; stderr says why in one line'],
    ],
    failsOpen: true,
    configure: (command) => command.argument('[event]', `${HOOK_EVENTS.join(', ')}; else the input names it`),
    run: () => {
      loadProgram('hook');
      return Promise.resolve(EXIT.ok);
    },
  });
