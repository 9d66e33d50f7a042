/** The fields of this process's `status` that determine what it may see. */
export interface ReaderStatus {
  /** Pids of this process in the namespace of this `/proc` and in each nested one down to its own. */
  readonly pids: readonly number[];
  /** Whether this process has CAP_SYS_PTRACE, which overrides hidepid. */
  readonly mayTrace: boolean;
}

const CAP_SYS_PTRACE = 19n;

/** Parses the text of `/proc/self/status`. */
export function parseReaderStatus(status: string): ReaderStatus {
  const pids = /^NSpid:\s+(\S.*)$/m.exec(status)?.[1]?.split(/\s+/).map(Number) ?? [];
  const capabilities = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return { pids, mayTrace: ((capabilities >> CAP_SYS_PTRACE) & 1n) === 1n };
}
