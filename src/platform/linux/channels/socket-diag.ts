import { closeSync } from 'node:fs';
import { type Libc, nativeCall } from '../libc.ts';
import { parsePeers, type PeersByInode, peersRequest } from './diag-messages.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const MSG_DONTWAIT = 0x40;

const CHUNK_BYTES = 64 * 1024;
/** About a million sockets. A socket beyond the limit counts as not listed. */
const LARGEST_LISTING_BYTES = 64 * 1024 * 1024;

/**
 * Asks the kernel for the peers of Unix sockets, in one query for all (sock_diag(7)). Needs no privilege and touches no socket.
 * Undefined if the kernel or a sandbox refuses the query.
 */
export function askSocketPeers(inodes: ReadonlySet<number>, libc: Libc): PeersByInode | undefined {
  const socket = nativeCall(libc, 'int socket(int domain, int type, int protocol)');
  const send = nativeCall(libc, 'long send(int socket, const void *data, size_t length, int flags)');
  const receive = nativeCall(libc, 'long recv(int socket, void *data, size_t length, int flags)');
  const descriptor = socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
  if (descriptor < 0) return undefined;
  try {
    const request = peersRequest();
    if (send(descriptor, request, request.length, 0) !== request.length) return undefined;
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const found = new Map<number, 'open' | 'closed'>();
    for (let total = 0; total < LARGEST_LISTING_BYTES;) {
      // The kernel answers a dump synchronously, so an empty queue means that no answer follows.
      const length = receive(descriptor, chunk, chunk.length, MSG_DONTWAIT);
      if (length <= 0) return undefined;
      total += length;
      const end = parsePeers(chunk.subarray(0, length), inodes, found);
      if (end !== 'more') return end === 'done' ? found : undefined;
    }
    return found;
  } finally {
    closeSync(descriptor);
  }
}
