import type { PeersByInode } from './diag-messages.ts';

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
