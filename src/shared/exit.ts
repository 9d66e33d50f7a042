/**
 * Ends the process at once, for when there is nothing left to wait for: whoever read our output has gone, or the deadline of a
 * shutdown is over and something still holds the process.
 */
export function exitNow(code: number): never {
  process.exit(code);
}
