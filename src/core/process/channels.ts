/** Whether any process holds the other end of a pipe or socket. `unknown` also for files and terminals. */
export type ChannelState = 'open' | 'closed' | 'unknown';

/** The standard streams of a stdio server. A closed channel never opens again: the kernel cannot reconnect a pipe or a socket pair. */
export interface Channels {
  readonly stdin: ChannelState;
  readonly stdout: ChannelState;
}

export const UNKNOWN_CHANNELS: Channels = { stdin: 'unknown', stdout: 'unknown' };
