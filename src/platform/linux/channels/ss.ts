import { execFile } from 'node:child_process';
import type { PeersByInode } from './diag-messages.ts';
import { parseSs } from './parse-ss.ts';

const TIMEOUT_MS = 5_000;
const LARGEST_OUTPUT_BYTES = 64 * 1024 * 1024;

/** The peers of Unix sockets as `ss` lists them. Empty if ss is missing or fails. */
export function askSs(inodes: ReadonlySet<number>): Promise<PeersByInode> {
  return new Promise((resolve) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: LARGEST_OUTPUT_BYTES, encoding: 'utf8' } as const;
    execFile('ss', ['-xaneH'], options, (error, output) => {
      resolve(error === null ? parseSs(output, inodes) : new Map());
    });
  });
}
