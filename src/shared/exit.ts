/**
 * Exits without waiting for anything: the reader of the output is gone, or the shutdown deadline passed and a handle
 * still keeps the process alive.
 */
export function exitNow(code: number): never {
  process.exit(code);
}
