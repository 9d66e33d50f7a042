import { ClaudeMemError } from '../../../shared/errors.ts';
import { type WindowsNative, STATUS_INFO_LENGTH_MISMATCH } from '../native/load-native.ts';
import { type ListedProcess, parseProcessList } from './process-list.ts';

const CLASS_PROCESSES = 5;
/** Enough for about 300 processes. */
const FIRST_BYTES = 512 * 1024;
/** More than 65,000 processes with their threads. */
const MOST_BYTES = 512 * 1024 * 1024;

let kept: Buffer | undefined;

/**
 * All processes of this machine, listed by one system call, so that no process is missed by starting or ending meanwhile.
 * @throws ClaudeMemError `process-table-unreadable`.
 */
export function listProcesses(native: WindowsNative): readonly ListedProcess[] {
  const needed = Buffer.alloc(4);
  // The buffer is kept: a follower reads again and again.
  for (let buffer = (kept ??= Buffer.allocUnsafeSlow(FIRST_BYTES)); ; buffer = grow(buffer, needed.readUInt32LE())) {
    const status = native.querySystemInformation(CLASS_PROCESSES, buffer, buffer.length, needed);
    if (status >= 0) return parse(native, buffer, needed.readUInt32LE());
    if (status !== STATUS_INFO_LENGTH_MISMATCH || buffer.length >= MOST_BYTES) throw unreadable(statusText(status));
  }
}

function grow(buffer: Buffer, needed: number): Buffer {
  // Processes start between the answer and the next question.
  kept = Buffer.allocUnsafeSlow(Math.min(Math.max(needed + FIRST_BYTES, buffer.length * 2), MOST_BYTES));
  return kept;
}

function parse(native: WindowsNative, buffer: Buffer, length: number): readonly ListedProcess[] {
  const processes = parseProcessList(buffer.subarray(0, length), native.addressOf(buffer));
  if (processes === undefined) throw unreadable('its listing is not in the expected form');
  return processes;
}

function statusText(status: number): string {
  return `NTSTATUS 0x${(status >>> 0).toString(16)}`;
}

function unreadable(reason: string): ClaudeMemError {
  return new ClaudeMemError('process-table-unreadable', `Cannot read the process table of Windows: ${reason}`);
}
