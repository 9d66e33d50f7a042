/**
 * Ends the process at once, for the one case in which there is nothing to wait for: whoever read our output has gone.
 */
export function exitNow(code: number): never {
  process.exit(code);
}
