/** The fields of this process's `status` that determine what it may see. */
export interface ReaderStatus {
  /** Pids of this process in the namespace of this `/proc` and in each nested one down to its own. */
  readonly pids: readonly number[];
  /** Whether this process has CAP_SYS_PTRACE, which overrides hidepid. */
  readonly mayTrace: boolean;
}

/** The bit of CAP_SYS_PTRACE, as a number: all capabilities fit into the 53 bits of one. */
const MAY_TRACE = 2 ** 19;

/** Parses the text of `/proc/self/status`. */
export function parseReaderStatus(status: string): ReaderStatus {
  const lines = `\n${status}`;
  const capabilities = Number.parseInt(fieldOf(lines, 'CapEff') ?? '0', 16);
  return {
    pids: fieldOf(lines, 'NSpid')?.split(/\s+/).map(Number) ?? [],
    mayTrace: Math.floor(capabilities / MAY_TRACE) % 2 === 1,
  };
}

/** Searches without a pattern of several lines, which V8 would have to compile first. */
function fieldOf(lines: string, name: string): string | undefined {
  const before = `\n${name}:`;
  const at = lines.indexOf(before);
  if (at < 0) return undefined;
  const start = at + before.length;
  const end = lines.indexOf('\n', start);
  return lines.slice(start, end < 0 ? undefined : end).trim();
}
