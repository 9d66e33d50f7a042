/** Exits immediately, without waiting for pending output or handles. */
export function exitNow(code: number): never {
  process.exit(code);
}

/** Stops this process until SIGCONT, as Ctrl-Z does outside raw mode. */
export function suspendSelf(): void {
  process.kill(process.pid, 'SIGTSTP');
}
