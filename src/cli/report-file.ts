import { closeSync, openSync, writeSync } from 'node:fs';
import { ClaudeMemError, errnoOf } from '../shared/errors.ts';

/** A file that a report goes to. */
export interface ReportFile {
  write(text: string): void;
}

/**
 * Opened before the work begins: that it cannot be written should be known before, and not after an hour of tests.
 * @throws ClaudeMemError `io`.
 */
export function openReportFile(path: string): ReportFile {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'w');
  } catch (cause) {
    throw new ClaudeMemError('io', `${path} cannot be written: ${errnoOf(cause) ?? String(cause)}`, {
      hint: 'Name a file in a folder that is there and that you may write to.',
      cause,
    });
  }
  return {
    write: (text) => {
      writeSync(descriptor, `${text}\n`);
      closeSync(descriptor);
    },
  };
}
