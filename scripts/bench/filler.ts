import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { countProcesses } from './timing.ts';

/**
 * Forks idle shells that wait for the end of one pipe, whose other end belongs to this process. They end with it and
 * need no signal. A background job reads from /dev/null by default, hence the copy of stdin.
 */
const FORK_IDLE = `exec 3<&0
n=$1
while [ "$n" -gt 0 ]; do
  { read -r _ <&3; } &
  n=$((n - 1))
done
echo ready
wait`;

export interface Filler {
  /** Total number of processes when the filler was ready. */
  readonly total: number;
  /** Ends the processes and waits until they are gone. */
  end(): Promise<void>;
}

/** Fills the process table up to about this many processes; adds none if there are that many already. */
export async function fillUpTo(total: number): Promise<Filler> {
  const count = Math.max(0, total - countProcesses() - 1);
  if (count === 0) return { total: countProcesses(), end: () => Promise.resolve() };
  const holder = spawn('sh', ['-c', FORK_IDLE, 'sh', String(count)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'exit');
  const isReady = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!isReady) throw new Error(`could not start ${count} idle processes`);
  return {
    total: countProcesses(),
    end: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}
