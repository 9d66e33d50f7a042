import type { WindowsNative } from '../../../src/platform/windows/native/load-native.ts';
import { STATUS_ACCESS_DENIED, STATUS_INVALID_CID } from '../../../src/platform/windows/native/load-native.ts';

const FAILED = STATUS_ACCESS_DENIED;
const PEB = 0x7000_0000;
const PARAMETERS = 0x1000_0000;

export interface FakeProcess {
  readonly pid: number;
  readonly name: string;
  readonly ppid?: number;
  readonly started?: bigint;
  readonly threads?: number;
  /** Last number of its user's SID. */
  readonly user?: number;
  readonly command?: string;
  readonly environment?: string;
  /** `query`: its memory cannot be read. `nothing`: it cannot be opened. */
  readonly allows?: 'all' | 'query' | 'nothing';
  readonly is32Bit?: boolean;
  readonly hasEnded?: boolean;
  /** The environment's size in bytes, if it claims another one. */
  readonly claimedEnvironmentBytes?: number;
}

/** A FILETIME of 2026. */
export const STARTED = 134_400_000_000_000_000n;
export const OWN_USER = 1001;

/** Windows' interface on a list of processes; the handle of a process is its pid. */
export function fakeNative(processes: readonly FakeProcess[]): WindowsNative {
  const byHandle = (handle: unknown) => processes.find(({ pid }) => pid === handle);
  const memory = processes.map((process) => [process, memoryOf(process)] as const);
  return {
    listTcp: () => 50,
    openFile: () => -1,
    createFile: () => -1,
    setNamedSecurity: () => 5,
    querySecurity: () => -1,
    setSecurity: () => -1,
    limitJob: () => -1,
    querySystemInformation: (_, buffer, length, needed) => {
      const list = listOf(processes);
      (needed as Buffer).writeUInt32LE(list.length);
      if (list.length > Number(length)) return 0xc0000004 | 0;
      list.copy(buffer as Buffer);
      return 0;
    },
    openProcess: (handle, access, _attributes, client) => {
      const found = byHandle(Number((client as Buffer).readBigUInt64LE()));
      if (found === undefined) return STATUS_INVALID_CID;
      const { allows = 'all' } = found;
      if (allows === 'nothing' || (allows === 'query' && (Number(access) & 0x10) !== 0)) return STATUS_ACCESS_DENIED;
      (handle as Buffer).writeBigInt64LE(BigInt(found.pid));
      return 0;
    },
    queryProcess: (handle, informationClass, buffer) => {
      const found = byHandle(handle);
      return found === undefined ? FAILED : query(found, Number(informationClass), buffer as Buffer);
    },
    readMemory: (handle, address, buffer) => {
      const chunks = memory.find(([{ pid }]) => pid === handle)?.[1] ?? [];
      const bytes = buffer as Buffer;
      const chunk = chunks.find(
        ([start, data]) => Number(address) >= start && Number(address) + bytes.length <= start + data.length,
      );
      if (chunk === undefined) return FAILED;
      chunk[1].copy(bytes, 0, Number(address) - chunk[0]);
      return 0;
    },
    openToken: (handle, _access, token) => {
      (token as Buffer).writeBigInt64LE(BigInt(Number(handle)));
      return 0;
    },
    queryToken: (handle, _class, buffer) => {
      const user = handle === -1 ? OWN_USER : (byHandle(handle)?.user ?? OWN_USER);
      const bytes = buffer as Buffer;
      bytes.writeBigUInt64LE(16n);
      Buffer.from([1, 2, 0, 0, 0, 0, 0, 5]).copy(bytes, 16);
      bytes.writeUInt32LE(21, 24);
      bytes.writeUInt32LE(user, 28);
      return 0;
    },
    terminate: () => FAILED,
    suspend: () => FAILED,
    wait: () => 0x102,
    close: () => 0,
    createJob: () => FAILED,
    assignToJob: () => FAILED,
    queryJob: () => FAILED,
    readRegistry: () => 2,
    addressOf: () => 0n,
  };
}

/** As Windows writes it to address 0. */
export function listOf(processes: readonly FakeProcess[]): Buffer {
  return Buffer.concat(
    processes.map(({ pid, ppid = 4, name, started = STARTED, threads = 1 }, index) => {
      const text = Buffer.from(name, 'utf16le');
      const record = Buffer.alloc(0x100 + 64);
      record.writeUInt32LE(index === processes.length - 1 ? 0 : record.length, 0x00);
      record.writeUInt32LE(threads, 0x04);
      record.writeBigInt64LE(started, 0x20);
      record.writeUInt16LE(text.length, 0x38);
      record.writeBigUInt64LE(BigInt(index * record.length + 0x100), 0x40);
      record.writeBigUInt64LE(BigInt(pid), 0x50);
      record.writeBigUInt64LE(BigInt(ppid), 0x58);
      record.writeBigUInt64LE(11n, 0x90);
      record.writeBigUInt64LE(22n, 0xb8);
      text.copy(record, 0x100);
      return record;
    }),
  );
}

function query(found: FakeProcess, informationClass: number, buffer: Buffer): number {
  switch (informationClass) {
    case 0: {
      buffer.writeBigUInt64LE(BigInt(PEB), 8);
      return 0;
    }
    case 4: {
      buffer.writeBigInt64LE(found.started ?? STARTED);
      if (found.hasEnded === true) buffer.writeBigInt64LE(STARTED + 1n, 8);
      return 0;
    }
    case 26: {
      buffer.writeBigUInt64LE(found.is32Bit === true ? 1n : 0n);
      return 0;
    }
    default: {
      // Neither the image name nor the command line, as on Wine.
      return FAILED;
    }
  }
}

function memoryOf({ command = '', environment = '', claimedEnvironmentBytes }: FakeProcess): [number, Buffer][] {
  const peb = Buffer.alloc(0x28);
  peb.writeBigUInt64LE(BigInt(PARAMETERS), 0x20);
  const [text, variables] = [Buffer.from(command, 'utf16le'), Buffer.from(environment, 'utf16le')];
  const parameters = Buffer.alloc(0x1000);
  parameters.writeUInt16LE(text.length, 0x70);
  parameters.writeBigUInt64LE(BigInt(PARAMETERS + 0x400), 0x78);
  parameters.writeBigUInt64LE(BigInt(PARAMETERS + 0x1000), 0x80);
  parameters.writeBigUInt64LE(BigInt(claimedEnvironmentBytes ?? variables.length), 0x3f0);
  text.copy(parameters, 0x400);
  return [
    [PEB, peb],
    [PARAMETERS, Buffer.concat([parameters, variables])],
  ];
}
