/** The fields of this process's `status` that determine what it may see. */
export interface ReaderStatus {
  /** Pids of this process in the namespace of this `/proc` and in each nested one down to its own. */
  readonly pids: readonly number[];
  /** Whether this process has CAP_SYS_PTRACE, which overrides hidepid. */
  readonly mayTrace: boolean;
}

/** The bit of CAP_SYS_PTRACE. */
const MAY_TRACE = 1 << 19;

/** Parses the text of `/proc/self/status`. */
export function parseReaderStatus(status: string): ReaderStatus {
  const lines = `\n${status}`;
  // The last eight digits, because a number has fewer bits than the set.
  const capabilities = Number.parseInt(fieldOf(lines, 'CapEff')?.slice(-8) ?? '0', 16);
  return {
    pids: fieldOf(lines, 'NSpid')?.split(/\s+/).map(Number) ?? [],
    mayTrace: (capabilities & MAY_TRACE) !== 0,
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
