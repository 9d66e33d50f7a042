import { execFile } from 'node:child_process';
import type { PeersByInode } from './socket-diag.ts';

const TIMEOUT_MS = 5_000;
const LARGEST_OUTPUT_BYTES = 64 * 1024 * 1024;

/** The peers of Unix sockets as `ss` lists them. Empty if ss is missing or fails. */
export function askSs(inodes: ReadonlySet<number>): Promise<PeersByInode> {
  return new Promise((resolve) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: LARGEST_OUTPUT_BYTES, encoding: 'utf8' } as const;
    execFile('ss', ['-xanH'], options, (error, output) => {
      resolve(error === null ? parseSs(output, inodes) : new Map());
    });
  });
}

/** Parses lines like `u_str ESTAB 0 0 * 2802654 * 2802655`. Peer 0: the other end is closed. Named sockets are no standard streams. */
export function parseSs(output: string, inodes: ReadonlySet<number>): PeersByInode {
  const found = new Map<number, 'open' | 'closed'>();
  for (const line of output.split('\n')) {
    const match = /^u_[a-z]+\s+ESTAB\s+\d+\s+\d+\s+\*\s+(\d+)\s+\*\s+(\d+)\s*$/.exec(line);
    const inode = Number(match?.[1]);
    if (match !== null && inodes.has(inode)) found.set(inode, match[2] === '0' ? 'closed' : 'open');
  }
  return found;
}
