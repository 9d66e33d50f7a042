import { type Channels, type ChannelState, UNKNOWN_CHANNELS } from '../../core/process/channels.ts';

/**
 * Parses the output of `lsof -F pftn` for file descriptors 0 and 1: a line `p<pid>`, then for each descriptor `f<fd>`, `t<type>` and
 * `n<name>`. A Unix socket whose other end is closed has the name `->(none)`. A pipe without a name proves nothing, because some versions
 * of macOS do not report the other end.
 */
export function parseChannels(output: string): ReadonlyMap<number, Channels> {
  const found = new Map<number, Channels>();
  let pid = 0;
  let descriptor = '';
  let type = '';
  for (const line of output.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) {
      pid = Number(value);
      found.set(pid, UNKNOWN_CHANNELS);
    } else if (line.startsWith('f')) descriptor = value;
    else if (line.startsWith('t')) type = value;
    else if (line.startsWith('n')) {
      const stream = STREAMS.get(descriptor);
      const known = found.get(pid);
      if (stream !== undefined && known !== undefined) found.set(pid, { ...known, [stream]: stateOf(type, value) });
    }
  }
  return found;
}

const STREAMS: ReadonlyMap<string, keyof Channels> = new Map([
  ['0', 'stdin'],
  ['1', 'stdout'],
]);

function stateOf(type: string, name: string): ChannelState {
  if (type !== 'unix' && type !== 'PIPE') return 'unknown';
  if (name.startsWith('->0x')) return 'open';
  return type === 'unix' && name === '->(none)' ? 'closed' : 'unknown';
}
