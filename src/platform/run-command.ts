import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { CommandEnd, RunningCommand } from '../operations/ports/process.ts';
import { markedEnvironment } from '../core/tree/marks.ts';
import { errnoOf } from '../shared/errors.ts';

/** Signals to this process that are meant for the command it runs. */
const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal sends these to both processes. Many programs treat a second one as "force". */
const FROM_THE_KEYBOARD = ['SIGINT', 'SIGQUIT'] as const;

/**
 * Runs a program with this process's stdin, stdout, stderr and terminal, and forwards signals to it until it has ended.
 */
export function runCommand(argv: readonly string[], env: Readonly<Record<string, string>>): RunningCommand {
  const [file = '', ...args] = argv;
  // Before the spawn: a signal in between would end this process and leave the command running.
  const forwarding = forwardSignals();
  const child = spawn(file, args, { stdio: 'inherit', env: markedEnvironment<string | undefined>(process.env, env) });
  forwarding.to(child);
  const ended = new Promise<CommandEnd>((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(notStarted(error));
    });
    child.once('exit', (exitCode, signal) => {
      resolve(
        signal === null
          ? { kind: 'exited', exitCode: exitCode ?? 0 }
          : { kind: 'killed', signal, signalNumber: constants.signals[signal] },
      );
    });
  });
  return { pid: child.pid, ended: ended.finally(forwarding.end) };
}

interface Forwarding {
  /** Node.js runs signal handlers between two turns of its event loop, so no signal is handled before this call. */
  readonly to: (child: ChildProcess) => void;
  readonly end: () => void;
}

/**
 * Forwards signals. Node.js signals a child only until it has waited for it. Until then the pid cannot be reused, so
 * there is no identity to compare.
 */
function forwardSignals(): Forwarding {
  let child: ChildProcess | undefined;
  const forward = (signal: NodeJS.Signals) => void child?.kill(signal);
  const keep = () => undefined;
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  const keyboard = hasTerminal ? keep : forward;
  for (const signal of FORWARDED) process.on(signal, forward);
  for (const signal of FROM_THE_KEYBOARD) process.on(signal, keyboard);
  return {
    to: (started) => {
      child = started;
    },
    end: () => {
      for (const signal of FORWARDED) process.off(signal, forward);
      for (const signal of FROM_THE_KEYBOARD) process.off(signal, keyboard);
    },
  };
}

function notStarted(error: Error): CommandEnd {
  const errno = errnoOf(error);
  const isMissing = errno === 'ENOENT' || errno === 'ENOTDIR';
  return {
    kind: 'not-started',
    why: isMissing ? 'not-found' : 'not-executable',
    reason: isMissing ? 'there is no such program' : `it cannot be executed (${errno ?? error.message})`,
  };
}
