/** Whether any process holds the other end of a pipe or socket. `unknown` also for files and terminals. */
export type ChannelState = 'open' | 'closed' | 'unknown';

/**
 * The standard streams of a stdio server. A closed one never opens again: no process can connect to an anonymous pipe or to a socket
 * pair whose other end is gone.
 */
export interface Channels {
  readonly stdin: ChannelState;
  readonly stdout: ChannelState;
}

export const UNKNOWN_CHANNELS: Channels = { stdin: 'unknown', stdout: 'unknown' };

/** Whether no client can send a request any more. An answer to an earlier request may still be read. */
export function isStdinClosed(channels: Channels | undefined): boolean {
  return channels?.stdin === 'closed';
}

/** Whether no client can send a request or read an answer any more. */
export function isUnreachable(channels: Channels | undefined): boolean {
  return isStdinClosed(channels) && channels?.stdout === 'closed';
}
