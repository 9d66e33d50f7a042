import { hashMachineId } from '../../machine-id.ts';
import { readProcLink } from '../table/proc-file.ts';
import { readProcText } from '../table/proc-text.ts';

/** Identifies this machine, this boot and this pid namespace. */
export interface MachineIdentity {
  readonly machineId?: string | undefined;
  readonly bootId?: string;
  readonly pidNamespace?: string;
}

const MACHINE_ID_FILES: readonly string[] = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

/** Reads all three; unreadable values are absent. The machine id is read when it is first asked for: its hash takes a millisecond. */
export function readMachineIdentity(procRoot: string, machineIdFiles = MACHINE_ID_FILES): MachineIdentity {
  const bootId = readLine(`${procRoot}/sys/kernel/random/boot_id`);
  const pidNamespace = readPidNamespace(`${procRoot}/self`);
  return {
    get machineId() {
      return readMachineId(machineIdFiles);
    },
    ...(bootId === undefined ? {} : { bootId }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
  };
}

/** Hash of the first file that contains an id, 32 hex digits. */
function readMachineId(files: readonly string[]): string | undefined {
  for (const file of files) {
    const id = readLine(file);
    // Before the first boot the file may be empty or contain `uninitialized`.
    if (id !== undefined && /^[0-9a-f]{32}$/i.test(id)) return hashMachineId(id);
  }
  return undefined;
}

/** Inode of a process's pid namespace, digits only; undefined if it is not readable. */
export function readPidNamespace(directory: string): string | undefined {
  return /^pid:\[(\d+)\]$/.exec(readProcLink(`${directory}/ns/pid`) ?? '')?.[1];
}

/** Minimal containers lack these files; identities are then compared without them. */
function readLine(file: string): string | undefined {
  const text = readProcText(file)?.trim();
  return text === '' ? undefined : text;
}
