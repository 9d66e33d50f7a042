import { closeSync, fstatSync, readSync } from 'node:fs';
import { lastAnswerIn } from '../../core/memory/last-answer.ts';
import { openTrusted } from '../../shared/own-file.ts';

/** Bytes of the end of a transcript: enough for the last texts, unless a tool returned more after them. */
const READ_BYTES = 256 * 1024;

/** The assistant's last text in a transcript of Claude Code; undefined if there is none in its end, or if it cannot be read. */
export function lastAnswerOf(file: string): string | undefined {
  try {
    return lastAnswerIn(endOf(file));
  } catch {
    // Removed, a link, or of another user: the session is stored without its last text.
    return undefined;
  }
}

function endOf(file: string): string {
  const fd = openTrusted(file, { uid: process.geteuid?.(), checksModes: false });
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(size, READ_BYTES));
    const count = readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, count);
  } finally {
    closeSync(fd);
  }
}
