import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { countProcesses } from './timing.ts';

/**
 * Forks idle shells that wait for the end of one pipe. The other end is ours: they end with us, however that comes, and nobody has to
 * signal them. A job in the background reads from nowhere unless told otherwise, hence the copy of stdin.
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
  /** How many processes there were in all when it was ready. */
  readonly total: number;
  /** Lets them go and waits until they have gone. */
  end(): Promise<void>;
}

/** Fills the process table up to about that many processes. Where there are as many already, nothing is added. */
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
