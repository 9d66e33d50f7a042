import { execFile } from 'node:child_process';
import type { Channels } from '../../core/process/channels.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import { parseChannels } from './parse-channels.ts';

const TIMEOUT_MS = 10_000;
const LARGEST_OUTPUT_BYTES = 4 * 1024 * 1024;

/** Finds out by lsof whether any process holds the other ends of stdin and stdout. Empty if lsof is missing or fails. */
export function readChannelsByLsof(rows: readonly ProcessRow[]): Promise<ReadonlyMap<number, Channels>> {
  const pids = rows.map(({ pid }) => pid).join(',');
  const options = { timeout: TIMEOUT_MS, maxBuffer: LARGEST_OUTPUT_BYTES, encoding: 'utf8' } as const;
  return new Promise((resolve) => {
    execFile('lsof', ['-nPw', '-a', '-p', pids, '-d', '0,1', '-F', 'pftn'], options, (error, output) => {
      // lsof exits with 1 if one of the processes is gone, and still lists the others.
      resolve(error === null || error.code === 1 ? parseChannels(output) : new Map());
    });
  });
}
