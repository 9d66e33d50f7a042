import { identityKey } from '../core/descent.ts';
import type { Clock, Signaller } from './ports.ts';
import { terminate, type Outcome, type TerminationOptions, type TerminationTarget } from './terminate.ts';

export interface PassPorts<Look> {
  /** One look at the process table. */
  readonly look: () => Promise<Look>;
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

/** Ends what the looks bring up, pass by pass, until two looks in a row find nothing new. One process is ended once. */
export async function endInPasses<Look>(
  ports: PassPorts<Look>,
  first: Look,
  options: TerminationOptions,
): Promise<PassResult<Look>> {
  const attempted = new Set<string>();
  const outcomes: Outcome[] = [];
  let after = first;
  const isStopped = () => options.interrupted?.aborted === true || options.forced?.aborted === true;
  for (let pass = 0, quietLooks = 0; pass < MAX_PASSES && !isStopped(); pass += 1) {
    const targets = ports.targetsOf(after).filter((target) => !attempted.has(keyOf(target)));
    quietLooks = targets.length === 0 ? quietLooks + 1 : 0;
    if (quietLooks === 2) break;
    for (const target of targets) attempted.add(keyOf(target));
    if (targets.length > 0) outcomes.push(...(await terminate(targets, ports, options)));
    after = await ports.look();
  }
  return { outcomes, after };
}

/** Names a process beyond its pid. */
export function keyOf({ row }: Pick<TerminationTarget, 'row'>): string {
  return identityKey(row);
}
