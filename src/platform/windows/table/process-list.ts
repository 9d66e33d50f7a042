/** One process as Windows lists it. Needs no right on the process. */
export interface ListedProcess {
  readonly pid: number;
  /** Never cleared: the parent may be gone and its pid reused. */
  readonly ppid: number;
  /** File name of the executable; empty for the idle process. */
  readonly name: string;
  readonly threads: number;
  /** FILETIME; 0 for processes of the system's own start. */
  readonly started: bigint;
  /** CPU time in 100 ns units. */
  readonly cpu: bigint;
  readonly workingSetBytes: number;
  /** Committed private memory, in the page file too. */
  readonly privateBytes: number;
}

/** Offsets in SYSTEM_PROCESS_INFORMATION of 64-bit Windows. */
const AT = {
  next: 0x00,
  threads: 0x04,
  started: 0x20,
  userTime: 0x28,
  kernelTime: 0x30,
  nameBytes: 0x38,
  nameAddress: 0x40,
  pid: 0x50,
  ppid: 0x58,
  workingSet: 0x90,
  private: 0xb8,
  end: 0x100,
} as const;

/**
 * Parses what `NtQuerySystemInformation(SystemProcessInformation)` wrote. Undefined if a record or a name leaves the buffer: a part of the
 * table would look like the whole.
 * @param bytes exactly what was written
 * @param address where the buffer was when Windows wrote it, because names are addresses
 */
export function parseProcessList(bytes: Buffer, address: bigint): readonly ListedProcess[] | undefined {
  const processes: ListedProcess[] = [];
  for (let at = 0; ;) {
    if (at + AT.end > bytes.length) return undefined;
    const name = readName(bytes, at, address);
    if (name === undefined) return undefined;
    processes.push({
      pid: Number(bytes.readBigUInt64LE(at + AT.pid)),
      ppid: Number(bytes.readBigUInt64LE(at + AT.ppid)),
      name,
      threads: bytes.readUInt32LE(at + AT.threads),
      started: bytes.readBigInt64LE(at + AT.started),
      cpu: bytes.readBigInt64LE(at + AT.userTime) + bytes.readBigInt64LE(at + AT.kernelTime),
      workingSetBytes: Number(bytes.readBigUInt64LE(at + AT.workingSet)),
      privateBytes: Number(bytes.readBigUInt64LE(at + AT.private)),
    });
    const next = bytes.readUInt32LE(at + AT.next);
    if (next === 0) return processes;
    at += next;
  }
}

function readName(bytes: Buffer, at: number, address: bigint): string | undefined {
  const length = bytes.readUInt16LE(at + AT.nameBytes);
  if (length === 0) return '';
  const start = Number(bytes.readBigUInt64LE(at + AT.nameAddress) - address);
  if (start < 0 || start + length > bytes.length) return undefined;
  return bytes.toString('utf16le', start, start + length);
}
