import type { ReapPlan } from '../../core/verdicts/plan-reap.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import type { Observation } from '../observe/observe.ts';
import type { Signaller } from '../ports/process.ts';
import { needsTidying, tidyTrees, type TreeFiles } from '../tree/tidy-trees.ts';
import { reap, type ReapOptions, type ReapPorts, type ReapResult } from './reap.ts';

export interface ReapAndTidyPorts extends Omit<ReapPorts, 'signaller'> {
  /** Loaded only if there is something to do. */
  readonly loadSignaller: () => Promise<Signaller>;
  readonly loadTrees: () => TreeFiles;
  /**
   * Takes turns with other commands that spawn or end processes.
   * @param goesOnWithout called with the cause if the lock is unavailable; true begins the action without it.
   * @throws ClaudeMemError `lock-held`, and every error that `goesOnWithout` throws.
   */
  readonly underOperationLock: <T>(
    action: () => Promise<T>,
    goesOnWithout: (reason: ClaudeMemError) => boolean,
  ) => Promise<T>;
}

export interface ReapAndTidyOptions extends ReapOptions {
  /** The reading and the plan that the caller showed. */
  readonly seen: Observation;
  /** When that reading was complete, on the clock of the ports. */
  readonly seenAt: number;
  readonly plan: ReapPlan;
  /** Called once the lock is held, before the first signal. */
  readonly onBegin?: () => void;
}

/** The changes to the manifests of dead trees. */
export interface Tidied {
  /** A line for each changed file. */
  readonly lines: readonly string[];
  /** The reason why the changes are not complete. */
  readonly error?: ClaudeMemError;
}

export interface Reaped {
  readonly result: ReapResult;
  readonly tidied: Tidied;
}

/**
 * In milliseconds. Shorter than a reading of a thousand leaks takes, so a plan made from it is as young as one made again. Each identity
 * is compared right before its signal in any case.
 */
const FRESH_FOR_MS = 250;

/**
 * Carries out a plan under the operation lock, and tidies the manifests of dead trees. The plan is made again under the lock if its
 * reading is no longer fresh: a person may take an hour to answer, and another command may have held the lock. Without anything to end
 * or to tidy, no lock is taken and nothing is written.
 * @throws ClaudeMemError `lock-held` naming the holder.
 */
export async function reapAndTidy(ports: ReapAndTidyPorts, options: ReapAndTidyOptions): Promise<Reaped> {
  const { seen, seenAt, plan } = options;
  if (plan.plan.length === 0 && !needsTidying(seen))
    return { result: { plan, outcomes: [], after: seen, remaining: [] }, tidied: { lines: [] } };
  let unlocked: ClaudeMemError | undefined;
  const work = async (): Promise<Reaped> => {
    options.onBegin?.();
    const signaller = await ports.loadSignaller();
    const isFresh = ports.clock.now() - seenAt <= FRESH_FOR_MS;
    const recent = isFresh ? { observation: seen, at: seenAt } : undefined;
    const result = await reap({ ...ports, signaller }, { ...options, recent });
    const tidied = tidy(result.after, ports.loadTrees);
    return { result, tidied: { ...(unlocked === undefined ? {} : { error: unlocked }), ...tidied } };
  };
  return await ports.underOperationLock(work, (reason) => {
    // Signals need no file, so a lock file that cannot be used does not keep leaks alive.
    if (reason.code === 'io') unlocked = reason;
    return reason.code === 'io';
  });
}

/** The processes have ended by now: a full disk must not hide their outcomes. */
function tidy(after: Observation, loadTrees: () => TreeFiles): Tidied {
  try {
    return { lines: tidyTrees(after, loadTrees()) };
  } catch (error) {
    if (error instanceof ClaudeMemError) return { lines: [], error };
    throw error;
  }
}
