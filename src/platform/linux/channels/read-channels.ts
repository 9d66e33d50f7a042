import { type Channels, type ChannelState, UNKNOWN_CHANNELS } from '../../../core/process/channels.ts';
import type { ProcessRow } from '../../../core/process/snapshot.ts';
import { type Libc, loadLibc } from '../libc.ts';
import { readProcLink } from '../table/proc-file.ts';
import { readStat } from '../table/read-stat.ts';
import { pollReaders, pollWriters } from './pipe-end.ts';
import type { PeersByInode } from './diag-messages.ts';
import { askSocketPeers } from './socket-diag.ts';
import { askSs } from './ss.ts';

export interface ReadChannelsOptions {
  /** Mount point of procfs. */
  readonly procRoot?: string;
  /** Null behaves as if koffi were missing. */
  readonly libc?: Libc | null;
}

/**
 * Finds out whether any process holds the other ends of stdin and stdout of these processes. Sends nothing and reads no byte of their
 * data. A process that is gone, or not readable, is absent from the result or has unknown channels.
 */
export async function readChannels(
  rows: readonly ProcessRow[],
  { procRoot = '/proc', libc = loadLibc() }: ReadChannelsOptions = {},
): Promise<ReadonlyMap<number, Channels>> {
  const streams = rows.map((row) => ({ row, ...openFiles(`${procRoot}/${row.pid}`) }));
  const inodes = new Set(
    streams.flatMap(({ stdin, stdout }) => [socketInode(stdin), socketInode(stdout)]).filter(isKnown),
  );
  const peers = await askPeers(inodes, libc);
  const found = new Map<number, Channels>();
  for (const { row, stdin, stdout } of streams) {
    const directory = `${procRoot}/${row.pid}`;
    const channels = {
      stdin: stateOf(stdin, peers, () => pollWriters(`${directory}/fd/0`, libc)),
      stdout: stateOf(stdout, peers, () => pollReaders(`${directory}/fd/1`, libc)),
    };
    // Read last: everything above belongs to this process if it still has the row's start.
    const line = readStat(directory);
    const isSame = typeof line !== 'string' && line.startTicks === row.startTicks;
    found.set(row.pid, isSame ? channels : UNKNOWN_CHANNELS);
  }
  return found;
}

function openFiles(directory: string) {
  return { stdin: readProcLink(`${directory}/fd/0`), stdout: readProcLink(`${directory}/fd/1`) };
}

function askPeers(inodes: ReadonlySet<number>, libc: Libc | null): Promise<PeersByInode> | PeersByInode {
  if (inodes.size === 0) return new Map();
  return (libc === null ? undefined : askSocketPeers(inodes, libc)) ?? askSs(inodes);
}

function stateOf(link: string | undefined, peers: PeersByInode, pipeState: () => ChannelState): ChannelState {
  if (link?.startsWith('pipe:[') === true) return pipeState();
  const inode = socketInode(link);
  return (inode === undefined ? undefined : peers.get(inode)) ?? 'unknown';
}

/** The inode in `socket:[12345]`. */
function socketInode(link: string | undefined): number | undefined {
  const digits = /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function isKnown(inode: number | undefined): inode is number {
  return inode !== undefined;
}
