/**
 * Parses the bytes of `/proc/PID/cmdline`: one string an argument, each ended by NUL. Empty for a zombie, a kernel thread and a
 * process that was started without arguments. Bytes that are no UTF-8 come out as U+FFFD, the same ones each time.
 */
export function parseCommandLine(bytes: Buffer): readonly string[] {
  if (bytes.length === 0) return [];
  const text = bytes.toString('utf8');
  return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0');
}

/** How much is kept, for people, of a command line that goes on beyond what was read, in bytes. */
const BEGINNING_BYTES = 4_096;

/** The beginning of a command line that was read in part; of what is no whole argument nothing can be compared. */
export function beginningOfCommandLine(bytes: Buffer): string {
  return bytes.subarray(0, BEGINNING_BYTES).toString('utf8').replaceAll('\0', ' ').trimEnd();
}

/** The command line in one string. A process that rewrote its argv leaves a tail of empty arguments, which is cut. */
export function joinCommandLine(argv: readonly string[]): string {
  return argv.join(' ').trimEnd();
}
