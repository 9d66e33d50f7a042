/**
 * Parses the bytes of `/proc/PID/cmdline`: one string an argument, each ended by NUL. Empty for a zombie, a kernel thread and a
 * process that was started without arguments. Bytes that are no UTF-8 come out as U+FFFD, the same ones each time.
 */
export function parseCommandLine(bytes: Buffer): readonly string[] {
  if (bytes.length === 0) return [];
  const text = bytes.toString('utf8');
  return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0');
}

/** The command line in one string. A process that rewrote its argv leaves a tail of empty arguments, which is cut. */
export function joinCommandLine(argv: readonly string[]): string {
  return argv.join(' ').trimEnd();
}
