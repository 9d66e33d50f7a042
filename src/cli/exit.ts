import { closeSync, openSync } from 'node:fs';
import { mayBeTerminal } from './terminal/descriptor.ts';

/** Exits immediately, without waiting for pending output or handles. */
export function exitNow(code: number): never {
  process.exit(code);
}

/** Stops this process until SIGCONT, as Ctrl-Z does outside raw mode. */
export function suspendSelf(): void {
  process.kill(process.pid, 'SIGTSTP');
}

let isHangUpExpected = false;

/**
 * Call after a sign that the terminal may be gone. If it is, this process ends by SIGHUP after its clean-up: at an ordinary exit, Node.js
 * would try to reset the terminal, and abort.
 */
export function endByHangUp(): void {
  if (isHangUpExpected || process.platform === 'win32') return;
  isHangUpExpected = true;
  process.once('exit', () => {
    if (![0, 1, 2].some((descriptor) => mayBeTerminal(descriptor)) || hasTerminal()) return;
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  });
}

/** Whether the controlling terminal can be opened. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
