/**
 * Ends the process at once, for the one case in which there is nothing to wait for: whoever read our output has gone.
 */
export function exitNow(code: number): never {
  process.exit(code);
}

/** Stops this very process, as Ctrl-Z does where the terminal is not in raw mode; it goes on when the shell says so. */
export function suspendSelf(): void {
  process.kill(process.pid, 'SIGTSTP');
}
