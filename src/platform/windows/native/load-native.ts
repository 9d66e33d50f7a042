import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

/** A function of Windows. Handles and addresses are numbers, structures are buffers. Those of ntdll return an NTSTATUS: a negative one is a failure. */
export type NativeCall = (...values: (number | bigint | string | null | Buffer)[]) => number;

/**
 * System calls of Windows. All but the query of information classes are documented for drivers, and all have kept their form since
 * Windows XP. Their statuses are exact, where `GetLastError` may belong to another call by the time Node.js reads it.
 */
export interface WindowsNative {
  readonly querySystemInformation: NativeCall;
  readonly queryProcess: NativeCall;
  readonly openProcess: NativeCall;
  readonly openToken: NativeCall;
  readonly queryToken: NativeCall;
  readonly readMemory: NativeCall;
  readonly terminate: NativeCall;
  readonly suspend: NativeCall;
  readonly wait: NativeCall;
  readonly close: NativeCall;
  readonly createJob: NativeCall;
  readonly assignToJob: NativeCall;
  readonly queryJob: NativeCall;
  readonly limitJob: NativeCall;
  /** Returns 0 if it wrote the list, else an error of Windows. */
  readonly listTcp: NativeCall;
  readonly openFile: NativeCall;
  readonly createFile: NativeCall;
  readonly querySecurity: NativeCall;
  readonly setSecurity: NativeCall;
  /** Returns 0 if it changed the list, else an error of Windows. */
  readonly setNamedSecurity: NativeCall;
  /** Returns 0 if it read the value. */
  readonly readRegistry: NativeCall;
  /** The address of a buffer in this process. */
  readonly addressOf: (buffer: Buffer) => bigint;
}

export const STATUS_TIMEOUT = 0x102;
export const STATUS_INFO_LENGTH_MISMATCH = 0xc0000004 | 0;
export const STATUS_INVALID_CID = 0xc000000b | 0;
export const STATUS_INVALID_PARAMETER = 0xc000000d | 0;
export const STATUS_OBJECT_NAME_NOT_FOUND = 0xc0000034 | 0;
export const STATUS_PIPE_NOT_AVAILABLE = 0xc00000ac | 0;
export const STATUS_ACCESS_DENIED = 0xc0000022 | 0;
export const STATUS_PROCESS_IS_TERMINATING = 0xc000010a | 0;

/** Stands for this process in place of a handle. */
export const THIS_PROCESS = -1;

let loaded: WindowsNative | null | undefined;

/** Loads koffi at the first call; null if it is not installed, does not load, or this Node.js is a 32-bit one. */
export function loadWindowsNative(): WindowsNative | null {
  if (loaded === undefined) loaded = load();
  return loaded;
}

/** The structures have the layout of 64-bit Windows. */
const ARCHITECTURES: readonly string[] = ['x64', 'arm64'];

function load(): WindowsNative | null {
  if (!ARCHITECTURES.includes(process.arch)) return null;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    return declare(koffi);
  } catch {
    // No binary for this machine, or optional packages were not installed. PowerShell reads the process table then.
    return null;
  }
}

function declare(koffi: typeof Koffi): WindowsNative {
  const ntdll = koffi.load('ntdll.dll');
  const advapi = koffi.load('advapi32.dll');
  const call = (prototype: string) => ntdll.func(`int32 ${prototype}`) as NativeCall;
  return {
    querySystemInformation: call('NtQuerySystemInformation(int class, void *buffer, uint32 length, void *needed)'),
    queryProcess: call(
      'NtQueryInformationProcess(intptr process, int class, void *buffer, uint32 length, void *needed)',
    ),
    openProcess: call('NtOpenProcess(void *handle, uint32 access, void *attributes, void *client)'),
    openToken: call('NtOpenProcessToken(intptr process, uint32 access, void *handle)'),
    queryToken: call('NtQueryInformationToken(intptr token, int class, void *buffer, uint32 length, void *needed)'),
    readMemory: call('NtReadVirtualMemory(intptr process, uint64 address, void *buffer, size_t length, void *read)'),
    terminate: call('NtTerminateProcess(intptr process, int32 status)'),
    suspend: call('NtSuspendProcess(intptr process)'),
    wait: call('NtWaitForSingleObject(intptr object, uint8 alertable, void *timeout)'),
    close: call('NtClose(intptr handle)'),
    createJob: call('NtCreateJobObject(void *handle, uint32 access, void *attributes)'),
    assignToJob: call('NtAssignProcessToJobObject(intptr job, intptr process)'),
    queryJob: call('NtQueryInformationJobObject(intptr job, int class, void *buffer, uint32 length, void *needed)'),
    limitJob: call('NtSetInformationJobObject(intptr job, int class, void *buffer, uint32 length)'),
    listTcp: koffi
      .load('iphlpapi.dll')
      .func(
        'uint32 GetExtendedTcpTable(void *table, void *size, int order, uint32 family, int class, uint32 reserved)',
      ) as NativeCall,
    openFile: call(
      'NtOpenFile(void *handle, uint32 access, void *attributes, void *status, uint32 share, uint32 options)',
    ),
    createFile: call(
      'NtCreateFile(void *handle, uint32 access, void *attributes, void *status, void *size, uint32 fileAttributes, uint32 share, uint32 disposition, uint32 options, void *ea, uint32 eaLength)',
    ),
    querySecurity: call(
      'NtQuerySecurityObject(intptr object, uint32 parts, void *descriptor, uint32 length, void *needed)',
    ),
    setSecurity: call('NtSetSecurityObject(intptr object, uint32 parts, void *descriptor)'),
    setNamedSecurity: advapi.func(
      'uint32 SetNamedSecurityInfoW(str16 path, int type, uint32 parts, void *owner, void *group, void *dacl, void *audited)',
    ) as NativeCall,
    readRegistry: advapi.func(
      'int32 RegGetValueW(intptr root, str16 key, str16 name, uint32 flags, void *type, void *value, void *length)',
    ) as NativeCall,
    addressOf: (buffer) => koffi.address(buffer),
  };
}
