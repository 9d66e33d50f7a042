import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

/** A timed operation; the duration is from call to settled promise. */
export type Contender = () => unknown;

/**
 * Times contenders alternately, round by round, so that other load affects all of them equally. The first round warms
 * up caches and does not count.
 * @returns the median of each, in milliseconds.
 */
export async function sideBySide<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  { rounds }: { readonly rounds: number },
): Promise<Readonly<Record<Name, number>>> {
  const names = Object.keys(contenders) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const elapsedMs = await timeOf(contenders[name]);
      if (round > 0) times[name].push(elapsedMs);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<Name, number>;
}

export async function timeOf(contender: Contender): Promise<number> {
  const startedAt = performance.now();
  await contender();
  return performance.now() - startedAt;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Runs a command to its end with its output in a pipe, as in a script, without the variable that makes each start of Node 20 take 80 ms
 * longer. Any exit code other than the given ones is an error.
 * @returns its stdout.
 */
export function runToEnd(
  command: string,
  args: readonly string[],
  {
    env = {},
    exitCodes = [0],
  }: { readonly env?: Readonly<Record<string, string>>; readonly exitCodes?: readonly number[] } = {},
): string {
  const options = {
    encoding: 'utf8',
    env: { ...process.env, NODE_EXTRA_CA_CERTS: '', ...env },
    maxBuffer: 1 << 28,
  } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (error !== undefined) throw error;
  if (!exitCodes.includes(status ?? -1)) {
    throw new Error(
      `${command} ${args.join(' ')} ended with ${String(status)}: ${(stderr.trim() || stdout.trim()).slice(-1_000)}`,
    );
  }
  return stdout;
}

/** Number of processes in /proc now. */
export function countProcesses(): number {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
}
