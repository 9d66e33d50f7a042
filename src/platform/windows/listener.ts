import type { ProcessRow } from '../../core/process/snapshot.ts';
import type { WindowsNative } from './native/load-native.ts';
import { pidOfListener } from './parse-listeners.ts';
import { identifyNative } from './table/identify.ts';

const INSUFFICIENT_BUFFER = 122;
const FIRST_BYTES = 64 * 1024;
const MOST_BYTES = 64 * 1024 * 1024;
/** TCP_TABLE_OWNER_PID_LISTENER. */
const LISTENERS = 3;
/** The address family and the layout of its rows. */
const TABLES = [
  { family: 2, rowBytes: 24, portAt: 8, pidAt: 20 },
  { family: 23, rowBytes: 56, portAt: 20, pidAt: 52 },
] as const;

/** The process that listens on a TCP port, if this user may open it. */
export function findNativeListener(native: WindowsNative, port: number): ProcessRow | undefined {
  for (const table of TABLES) {
    const rows = readTable(native, table.family);
    const pid = rows === undefined ? undefined : pidOfListener(rows, port, table);
    if (pid !== undefined) return identifyNative(native, pid);
  }
  return undefined;
}

function readTable(native: WindowsNative, family: number): Buffer | undefined {
  const size = Buffer.alloc(4);
  for (let bytes = FIRST_BYTES; bytes <= MOST_BYTES; bytes = Math.max(bytes * 2, size.readUInt32LE())) {
    const buffer = Buffer.alloc(bytes);
    size.writeUInt32LE(bytes);
    const status = native.listTcp(buffer, size, 0, family, LISTENERS, 0);
    if (status === 0) return buffer;
    if (status !== INSUFFICIENT_BUFFER) return undefined;
  }
  return undefined;
}
