/**
 * Parses `/proc/PID/cmdline`: arguments that each end with NUL. Empty for a zombie, a kernel thread and a process
 * started without arguments. Invalid UTF-8 becomes U+FFFD, deterministically.
 */
export function parseCommandLine(bytes: Buffer): readonly string[] {
  if (bytes.length === 0) return [];
  const text = bytes.toString('utf8');
  return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0');
}

/** How much is kept of a command line that was read partially, in bytes, for display. */
const BEGINNING_BYTES = 4_096;

/** The beginning of a partially read command line. Incomplete arguments cannot be compared. */
export function beginningOfCommandLine(bytes: Buffer): string {
  return bytes.subarray(0, BEGINNING_BYTES).toString('utf8').replaceAll('\0', ' ').trimEnd();
}

/**
 * The command line as one string. A process that rewrote its argv leaves trailing empty arguments, which are removed.
 */
export function joinCommandLine(argv: readonly string[]): string {
  return argv.join(' ').trimEnd();
}
