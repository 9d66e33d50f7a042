import type { PeersByInode } from './diag-messages.ts';

/**
 * Parses lines like `u_str ESTAB 0 0 * 2802654 * 2802655 <->`. Peer 0 and `---` (shut down in both directions): the other end is closed.
 * Peer 0 alone proves nothing: ss prints it for a connection that is not accepted yet, and for every socket if the kernel refuses
 * sock_diag. Named sockets are no standard streams.
 */
export function parseSs(output: string, inodes: ReadonlySet<number>): PeersByInode {
  const found = new Map<number, 'open' | 'closed'>();
  for (const line of output.split('\n')) {
    const match = /^u_[a-z]+\s+ESTAB\s+\d+\s+\d+\s+\*\s+(\d+)\s+\*\s+(\d+)(?:\s+([<>-]{3}))?\s*$/.exec(line);
    const inode = Number(match?.[1]);
    if (match === null || !inodes.has(inode)) continue;
    if (match[2] !== '0') found.set(inode, 'open');
    else if (match[3] === '---' && !found.has(inode)) found.set(inode, 'closed');
  }
  return found;
}
