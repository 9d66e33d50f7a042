import {
  findBreaches,
  isLasting,
  trackBreaches,
  type Breach,
  type TrackedBreach,
  type Vitals,
} from '../core/health/health-bounds.ts';
import type { Role } from '../core/tree/manifest.ts';
import type { Sample } from '../core/health/sample.ts';
import type { Observation } from '../operations/observe/observe.ts';
import type { Clock } from '../operations/ports/process.ts';
import type { ChromaRecycles, HealthItem } from '../operations/tree/tree-lifecycle.ts';
import type { WorkerParts } from '../operations/tree/tree-messages.ts';
import type { LeakMeter } from '../operations/tree/leak-meter.ts';
import { type TreeMeter, type MemberUse, usesByRole } from '../operations/tree/tree-meter.ts';
import type { Log } from '../shared/log.ts';
import { Backoff } from '../shared/backoff.ts';
import type { ChromaKeeper } from './chroma-keeper.ts';
import type { SupervisorStatus } from './supervisor-status.ts';

/** Interval between samples, in milliseconds. */
export const SAMPLE_EVERY_MS = 5_000;
/** Largest age of a shared snapshot for a sample, in milliseconds; slightly above the interval. */
const LOOK_AGE_MS = SAMPLE_EVERY_MS + 1_000;
/** First pause before another attempt to end orphans that could not be ended, in milliseconds. */
const FIRST_REPAIR_PAUSE_MS = 10_000;
const LONGEST_REPAIR_PAUSE_MS = 600_000;

export interface VitalsDeps {
  readonly treeId: string;
  readonly bootId: string | undefined;
  readonly look: { recent(maxAgeMs: number): Promise<Observation> };
  readonly meter: TreeMeter;
  readonly leakMeter: LeakMeter;
  readonly keeper: ChromaKeeper;
  readonly append: (sample: Sample) => void;
  readonly status: () => SupervisorStatus;
  /** The worker's last report on its search server and Chroma. */
  readonly parts: () => WorkerParts | null;
  /** Ends proven orphans of this tree. */
  readonly cleanUp: () => Promise<void>;
  /** Uptime of the machine, in milliseconds. */
  readonly uptimeMs: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

/** The health part of `status`. */
export interface HealthReport {
  readonly health: readonly HealthItem[];
  readonly chromaRecycles: ChromaRecycles | null;
}

/** Samples the tree every five seconds and enforces its limits. An error here never affects the tree. */
export class TreeVitals {
  readonly #deps: VitalsDeps;
  readonly #repairs = new Backoff({ firstMs: FIRST_REPAIR_PAUSE_MS, longestMs: LONGEST_REPAIR_PAUSE_MS });
  #breaches: readonly TrackedBreach[] = [];
  #judged: Observation | undefined;
  #repairAtMs = 0;
  #sampledAtMs: number | undefined;
  /** Why the last attempt failed, so that the same failure is logged once. */
  #writeFailure: string | undefined;
  #lookFailure: string | undefined;

  constructor(deps: VitalsDeps) {
    this.#deps = deps;
  }

  report(): HealthReport {
    const { clock, keeper } = this.#deps;
    const nowMs = clock.date().getTime();
    const since = (sinceMs: number) => new Date(nowMs - (clock.now() - sinceMs)).toISOString();
    const lasting = this.#breaches.filter(isLasting);
    const limits = keeper.breaches().map((breach) => ({ ...breach, since: keeper.report?.lastAt ?? since(0) }));
    return {
      health: [...lasting.map(({ id, message, sinceMs }) => ({ id, message, since: since(sinceMs) })), ...limits],
      chromaRecycles: keeper.report,
    };
  }

  /** Takes one sample and acts on it. Never rejects. */
  async sample(): Promise<void> {
    const { log } = this.#deps;
    try {
      await this.#sample();
      this.#lookFailure = undefined;
    } catch (error) {
      const reason = String(error);
      if (reason !== this.#lookFailure) log.warn('could not sample the tree', { reason });
      this.#lookFailure = reason;
    }
  }

  async #sample(): Promise<void> {
    const { look, meter, keeper, clock, treeId } = this.#deps;
    const observation = await look.recent(LOOK_AGE_MS);
    const uses = meter.measure(observation, clock.now());
    this.#write(this.#sampleOf(uses, observation));
    this.#judge(uses, observation);
    await keeper.check(uses.filter(({ role }) => role === 'chroma-sync'));
    await this.#endOrphans(leaksOf(observation, treeId).orphans ?? 0);
  }

  #sampleOf(uses: readonly MemberUse[], observation: Observation): Sample {
    const { treeId, bootId, status, uptimeMs, clock, leakMeter } = this.#deps;
    const { state, restarts } = status();
    const now = clock.now();
    const spanMs = this.#sampledAtMs === undefined ? 0 : now - this.#sampledAtMs;
    this.#sampledAtMs = now;
    return {
      takenAtMs: clock.date().getTime(),
      uptimeMs: uptimeMs(),
      bootId: bootId ?? null,
      // Missed time is a gap that no sample covers.
      spanMs: Math.min(spanMs, 2 * SAMPLE_EVERY_MS),
      treeId,
      state,
      restarts,
      roles: usesByRole(uses),
      memoryKind: uses.some(({ memoryKind }) => memoryKind === 'rss') ? 'rss' : (uses[0]?.memoryKind ?? null),
      ...leaksOf(observation),
      leakedBytes: leakMeter.measure(observation),
    };
  }

  /** Logs a failing write (full disk, read-only folder) once, and once more when it works again. */
  #write(sample: Sample): void {
    const { append, log } = this.#deps;
    try {
      append(sample);
      if (this.#writeFailure !== undefined) log.info('samples are written to disk again');
      this.#writeFailure = undefined;
    } catch (error) {
      const reason = String(error);
      if (reason !== this.#writeFailure) log.warn('samples cannot be written; the tree keeps running', { reason });
      this.#writeFailure = reason;
    }
  }

  #judge(uses: readonly MemberUse[], observation: Observation): void {
    const { clock, log, status, treeId } = this.#deps;
    const { state, healthy } = status();
    // During start and stop, counts are outside their limits temporarily.
    const found = state === 'running' ? findBreaches(this.#vitals(uses, healthy, leaksOf(observation, treeId))) : [];
    const before = this.#breaches;
    this.#breaches = trackBreaches(before, found, clock.now(), observation !== this.#judged);
    this.#judged = observation;
    for (const breach of newlyLasting(before, this.#breaches)) log.warn('out of bounds', { ...describe(breach) });
    const isOver = ({ id }: Breach) => !found.some((breach) => breach.id === id);
    for (const breach of before.filter(isLasting).filter(isOver)) log.info('within bounds again', { id: breach.id });
  }

  #vitals(uses: readonly MemberUse[], isWorkerAnswering: boolean, leaks: Leaks): Vitals {
    const parts = this.#deps.parts();
    return {
      counts: countRoles(uses),
      ...leaks,
      isWorkerAnswering,
      searchServer: parts?.searchServer ?? null,
      vectors: parts === null ? null : { state: parts.vectors, reason: parts.reason },
    };
  }

  /** Adopted orphans are ended when they arrive. These have another parent, out of the subreaper's reach. */
  async #endOrphans(count: number): Promise<void> {
    const { clock, cleanUp, log, status } = this.#deps;
    if (count === 0) {
      this.#repairs.reset();
      return;
    }
    if (status().state !== 'running' || clock.now() < this.#repairAtMs) return;
    log.info('ending orphans of this tree', { orphans: count });
    await cleanUp();
    this.#repairAtMs = clock.now() + this.#repairs.next();
  }
}

interface Leaks {
  readonly orphans: number | null;
  readonly excess: number | null;
}

/** Null if nothing was found and the snapshot is incomplete. */
function leaksOf({ judgements, isComplete }: Observation, treeId?: string): Leaks {
  const count = (verdict: 'orphan' | 'excess') => {
    const found = judgements.filter((item) => item.verdict === verdict && (treeId ?? item.treeId) === item.treeId);
    return found.length === 0 && !isComplete ? null : found.length;
  };
  return { orphans: count('orphan'), excess: count('excess') };
}

function countRoles(uses: readonly MemberUse[]): Vitals['counts'] {
  const counts: Partial<Record<Role, number>> = {};
  for (const { role } of uses) if (role !== null) counts[role] = (counts[role] ?? 0) + 1;
  return counts;
}

function newlyLasting(before: readonly TrackedBreach[], now: readonly TrackedBreach[]): readonly TrackedBreach[] {
  return now.filter(
    (breach) => isLasting(breach) && !before.some((other) => other.id === breach.id && isLasting(other)),
  );
}

function describe({ id, message }: Breach): Breach {
  return { id, message };
}
