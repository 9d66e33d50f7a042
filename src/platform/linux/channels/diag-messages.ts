import { IS_LITTLE_ENDIAN } from '../byte-order.ts';

/** Whether the other end of a connected Unix socket is still open, by the socket's inode. Absent: the kernel did not list the socket. */
export type PeersByInode = ReadonlyMap<number, 'open' | 'closed'>;

const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST_DUMP = 0x001 | 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const HEADER_BYTES = 16;

const AF_UNIX = 1;
const ALL_STATES = 0xffffffff;
const STATE_ESTABLISHED = 1;
const UDIAG_SHOW_PEER = 4;
const UNIX_DIAG_PEER = 2;
const UNIX_DIAG_SHUTDOWN = 6;
const BOTH_DIRECTIONS = 3;
const DIAG_MESSAGE_BYTES = 16;

const u16 = (bytes: Buffer, at: number) => (IS_LITTLE_ENDIAN ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
const u32 = (bytes: Buffer, at: number) => (IS_LITTLE_ENDIAN ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
const put16 = (bytes: Buffer, at: number, value: number) =>
  IS_LITTLE_ENDIAN ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at);
const put32 = (bytes: Buffer, at: number, value: number) =>
  IS_LITTLE_ENDIAN ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at);

/** The query for the peers of all Unix sockets. */
export function peersRequest(): Buffer {
  const request = Buffer.alloc(HEADER_BYTES + 24);
  put32(request, 0, request.length);
  put16(request, 4, SOCK_DIAG_BY_FAMILY);
  put16(request, 6, NLM_F_REQUEST_DUMP);
  request[HEADER_BYTES] = AF_UNIX;
  put32(request, HEADER_BYTES + 4, ALL_STATES);
  put32(request, HEADER_BYTES + 12, UDIAG_SHOW_PEER);
  return request;
}

/** Adds the peers in one answer of the kernel to `found`. */
export function parsePeers(
  bytes: Buffer,
  inodes: ReadonlySet<number>,
  found: Map<number, 'open' | 'closed'>,
): 'more' | 'done' | 'error' {
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const length = u32(bytes, at);
    if (length < HEADER_BYTES || at + length > bytes.length) return 'error';
    const type = u16(bytes, at + 4);
    if (type === NLMSG_DONE) return 'done';
    if (type === NLMSG_ERROR) return 'error';
    if (type === SOCK_DIAG_BY_FAMILY) addPeer(bytes.subarray(at + HEADER_BYTES, at + length), inodes, found);
    at += align(length);
  }
  return 'more';
}

/**
 * A socket whose other end is closed keeps a peer without an inode and is shut down in both directions. A connection that the server has
 * not accepted yet has a peer without an inode too, but is not shut down. A socket that was never connected has no peer at all. Both
 * count as not listed.
 */
function addPeer(message: Buffer, inodes: ReadonlySet<number>, found: Map<number, 'open' | 'closed'>): void {
  if (message.length < DIAG_MESSAGE_BYTES || message[2] !== STATE_ESTABLISHED) return;
  const inode = u32(message, 4);
  if (!inodes.has(inode)) return;
  let peer: number | undefined;
  let shutdown = 0;
  for (let at = DIAG_MESSAGE_BYTES; at + 4 <= message.length;) {
    const length = u16(message, at);
    if (length < 4 || at + length > message.length) break;
    const type = u16(message, at + 2);
    if (type === UNIX_DIAG_PEER && length >= 8) peer = u32(message, at + 4);
    if (type === UNIX_DIAG_SHUTDOWN && length >= 5) shutdown = message[at + 4] ?? 0;
    at += align(length);
  }
  if (peer === undefined) return;
  if (peer !== 0) found.set(inode, 'open');
  // Inodes have 32 bits and repeat after years: of two sockets with one inode, the open one counts.
  else if ((shutdown & BOTH_DIRECTIONS) === BOTH_DIRECTIONS && !found.has(inode)) found.set(inode, 'closed');
}

function align(length: number): number {
  return (length + 3) & ~3;
}
