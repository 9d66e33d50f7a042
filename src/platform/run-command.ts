import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { CommandEnd, RunningCommand } from '../operations/ports/process.ts';
import { markedEnvironment } from '../core/tree/marks.ts';
import { errnoOf } from '../shared/errors.ts';

/** What this process is sent is meant for the command it runs. */
const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal sends these to both of us; twice would mean "at once" to many programs. */
const FROM_THE_KEYBOARD = ['SIGINT', 'SIGQUIT'] as const;

/**
 * Runs a program in this process's place: with its stdin, stdout, stderr and terminal, and with the signals that this process gets until
 * it has ended.
 */
export function runCommand(argv: readonly string[], env: Readonly<Record<string, string>>): RunningCommand {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { stdio: 'inherit', env: markedEnvironment<string | undefined>(process.env, env) });
  const giveBack = passSignalsOn(child);
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
  return { pid: child.pid, ended: ended.finally(giveBack) };
}

/**
 * Node.js signals a child only as long as it has not waited for it: until then nobody else can have its pid, so there is no identity
 * to compare.
 */
function passSignalsOn(child: ChildProcess): () => void {
  const passOn = (signal: NodeJS.Signals) => void child.kill(signal);
  const keep = () => undefined;
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  const keyboard = hasTerminal ? keep : passOn;
  for (const signal of PASSED_ON) process.on(signal, passOn);
  for (const signal of FROM_THE_KEYBOARD) process.on(signal, keyboard);
  return () => {
    for (const signal of PASSED_ON) process.off(signal, passOn);
    for (const signal of FROM_THE_KEYBOARD) process.off(signal, keyboard);
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
