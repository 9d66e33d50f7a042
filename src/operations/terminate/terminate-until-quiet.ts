import { identityKey } from '../../core/process/descent.ts';
import type { Clock, Signaller } from '../ports/process.ts';
import { terminate, type Outcome, type TerminationOptions, type TerminationTarget } from './terminate.ts';

export interface PassPorts<Look> {
  /** One look at the process table. */
  readonly look: () => Promise<Look>;
  /** A cheaper one that serves as well to find what is to be ended; absent: `look`. */
  readonly quickLook?: () => Promise<Look>;
  /** What of it is to be ended. */
  readonly targetsOf: (look: Look) => readonly TerminationTarget[];
  readonly signaller: Signaller;
  readonly clock: Clock;
}

export interface PassResult<Look> {
  readonly outcomes: readonly Outcome[];
  /** The look after the last pass. */
  readonly after: Look;
}

/** Every pass can lay open what a wrapper hid; more than this many means that something spawns as fast as we end it. */
const MAX_PASSES = 10;

/**
 * Ends what the looks bring up, pass by pass, until two looks in a row find nothing new. One process is ended once. What a look finds
 * just before others are killed is kept for the next pass: with them goes the link that says whose it is.
 */
export async function terminateUntilQuiet<Look>(
  ports: PassPorts<Look>,
  first: Look,
  options: TerminationOptions,
): Promise<PassResult<Look>> {
  const attempted = new Set<string>();
  const outcomes: Outcome[] = [];
  let after = first;
  let linked: readonly TerminationTarget[] = [];
  const isNew = (target: TerminationTarget) => !attempted.has(keyOf(target));
  const lookOnceMore = async () => {
    try {
      linked = ports.targetsOf(await (ports.quickLook ?? ports.look)()).filter(isNew);
    } catch {
      // That must not spare what is to be killed. If it fails again after the pass, it is said.
    }
  };
  const isStopped = () => options.interrupted?.aborted === true || options.forced?.aborted === true;
  for (let pass = 0, quietLooks = 0; pass < MAX_PASSES && !isStopped(); pass += 1) {
    const found = ports.targetsOf(after).filter(isNew);
    const foundKeys = new Set(found.map(keyOf));
    const targets = [...found, ...linked.filter((target) => !foundKeys.has(keyOf(target)))];
    quietLooks = targets.length === 0 ? quietLooks + 1 : 0;
    if (quietLooks === 2) break;
    for (const target of targets) attempted.add(keyOf(target));
    linked = [];
    if (targets.length > 0) {
      const ended = await terminate(targets, ports, { ...options, beforeKill: lookOnceMore });
      // What went by itself between two looks was never ours to end.
      outcomes.push(...ended.filter(({ outcome }, place) => place < found.length || outcome !== 'already-gone'));
    }
    after = await ports.look();
  }
  return { outcomes, after };
}

/** Names a process beyond its pid. */
export function keyOf({ row }: Pick<TerminationTarget, 'row'>): string {
  return identityKey(row);
}
