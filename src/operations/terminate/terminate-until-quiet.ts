import { identityKey } from '../../core/process/descent.ts';
import type { Clock, Signaller } from '../ports/process.ts';
import { terminate, type Outcome, type TerminationOptions, type TerminationTarget } from './terminate.ts';

export interface PassPorts<Look> {
  /** Reads the process table. */
  readonly look: () => Promise<Look>;
  /** A cheaper reading that is enough to find targets; absent: `look`. */
  readonly quickLook?: () => Promise<Look>;
  /** The processes to end. */
  readonly targetsOf: (look: Look) => readonly TerminationTarget[];
  readonly signaller: Signaller;
  readonly clock: Clock;
}

export interface PassResult<Look> {
  readonly outcomes: readonly Outcome[];
  /** The reading after the last pass. */
  readonly after: Look;
}

/** Each pass can uncover children of an ended wrapper. More passes mean that something spawns as fast as we end it. */
const MAX_PASSES = 10;

/**
 * Ends the targets of each reading, pass by pass, until two readings in a row find nothing new. Each process is ended once. Targets
 * found just before a kill are kept for the next pass: once their parent is dead, no link shows whose they are.
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
      // A failed reading must not spare the processes about to be killed. The reading after the pass reports a lasting error.
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
      // A linked target that exited by itself between two readings gets no outcome.
      outcomes.push(...ended.filter(({ outcome }, index) => index < found.length || outcome !== 'already-gone'));
    }
    after = await ports.look();
  }
  return { outcomes, after };
}

/** A key that a reused pid does not share. */
export function keyOf({ row }: Pick<TerminationTarget, 'row'>): string {
  return identityKey(row);
}
