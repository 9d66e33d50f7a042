import { CPU_WINDOW_MS, overLimit, type ChromaLimits, type ChromaReading } from '../core/health/chroma-limits.ts';
import type { Breach } from '../core/health/health-bounds.ts';
import { keyOf } from '../operations/terminate/terminate-until-quiet.ts';
import type { Clock, Signaller } from '../operations/ports/process.ts';
import { terminate } from '../operations/terminate/terminate.ts';
import type { ChromaRecycles } from '../operations/tree/tree-lifecycle.ts';
import type { MemberUse } from '../operations/tree/tree-meter.ts';
import type { Log } from '../shared/log.ts';
import { Backoff } from '../shared/backoff.ts';

/** In milliseconds. */
export interface KeeperTiming {
  /** The worker ends Chroma within 5 s, by force if needed. After this time the supervisor ends it. */
  readonly obeyWithinMs: number;
  /** Shortest time between two recycles, regardless of how the worker handles the requested pause. */
  readonly spacingMs: number;
  /** Pause after the second recycle in a row; doubles for each further one. */
  readonly firstRestMs: number;
  readonly longestRestMs: number;
  /** After this time within its limits, the next recycle counts as the first again. */
  readonly wellAfterMs: number;
}

const TIMING: KeeperTiming = {
  obeyWithinMs: 10_000,
  spacingMs: 30_000,
  firstRestMs: 60_000,
  longestRestMs: 3_600_000,
  wellAfterMs: 600_000,
};
/** Between SIGTERM and SIGKILL, in milliseconds. */
const GRACE_MS = 2_000;

export interface KeeperDeps {
  readonly limits: ChromaLimits;
  /** Asks the worker to end Chroma and to wait this long before starting another. */
  readonly recycle: (reason: string, restMs: number) => void;
  readonly signaller: Signaller;
  readonly clock: Clock;
  readonly log: Log;
}

interface Asked {
  readonly keys: ReadonlySet<string>;
  readonly deadline: number;
}

/**
 * Keeps Chroma within its limits: asks the worker to recycle a Chroma that exceeds them, and ends it by identity if
 * that does not help. The pause before the next start grows if the limits are exceeded again soon.
 */
export class ChromaKeeper {
  readonly #deps: KeeperDeps;
  readonly #timing: KeeperTiming;
  readonly #rests: Backoff;
  #isFirst = true;
  /** Readings of the current Chroma. */
  #readings: ChromaReading[] = [];
  #watched = '';
  #watchedSinceMs = 0;
  #asked: Asked | undefined;
  #restsUntilMs = 0;
  #nextAtMs = 0;
  #report: ChromaRecycles | null = null;

  constructor(deps: KeeperDeps, timing: Partial<KeeperTiming> = {}) {
    this.#deps = deps;
    this.#timing = { ...TIMING, ...timing };
    this.#rests = new Backoff({ firstMs: this.#timing.firstRestMs, longestMs: this.#timing.longestRestMs });
  }

  get report(): ChromaRecycles | null {
    return this.#report;
  }

  /** Problems to show in `status`. */
  breaches(): readonly Breach[] {
    if (this.#report === null || this.#restsUntilMs <= this.#deps.clock.now()) return [];
    const { reason, count, restsUntil } = this.#report;
    const message = `${reason}; recycled ${count} times, paused until ${restsUntil ?? '?'}`;
    return [{ id: 'limit:chroma', message }];
  }

  /** @param uses memory and CPU of the tree's Chroma processes in the last sample. */
  async check(uses: readonly MemberUse[]): Promise<void> {
    const { limits, clock } = this.#deps;
    if (limits.memoryBytes === 0 && limits.cpuPercent === 0) return;
    this.#watch(uses);
    if (this.#asked !== undefined) await this.#seeToIt(this.#asked, uses);
    if (this.#asked !== undefined || uses.length === 0 || this.#nextAtMs > clock.now()) return;
    const reason = overLimit(this.#readings, limits);
    if (reason !== undefined) this.#recycle(reason, uses);
  }

  /**
   * A new pair is judged by its own readings. The wrapper is the first process and keeps its identity when the python
   * appears.
   */
  #watch(uses: readonly MemberUse[]): void {
    const now = this.#deps.clock.now();
    const [first] = uses;
    const key = first === undefined ? '' : keyOf(first);
    if (key !== this.#watched) {
      this.#watched = key;
      this.#watchedSinceMs = now;
      this.#readings = [];
    }
    if (first === undefined) return;
    this.#readings = this.#readings.filter(({ atMs }) => atMs >= now - 2 * CPU_WINDOW_MS);
    this.#readings.push({
      atMs: now,
      memoryBytes: sum(uses.map(({ memoryBytes }) => memoryBytes)),
      cpuPercent: sum(uses.map(({ cpuPercent }) => cpuPercent)),
    });
    if (now - this.#watchedSinceMs < this.#timing.wellAfterMs) return;
    this.#rests.reset();
    this.#isFirst = true;
  }

  #recycle(reason: string, uses: readonly MemberUse[]): void {
    const { clock, log, recycle } = this.#deps;
    const now = clock.now();
    const restMs = this.#isFirst ? 0 : this.#rests.next();
    this.#isFirst = false;
    this.#restsUntilMs = now + restMs;
    this.#nextAtMs = now + this.#timing.spacingMs;
    this.#report = {
      count: (this.#report?.count ?? 0) + 1,
      lastAt: clock.date().toISOString(),
      reason,
      restsUntil: restMs === 0 ? null : new Date(clock.date().getTime() + restMs).toISOString(),
      wasForced: false,
    };
    log.warn('recycling Chroma because it exceeds a limit', { reason, restMs, recycles: this.#report.count });
    recycle(reason, restMs);
    this.#asked = { keys: new Set(uses.map(keyOf)), deadline: now + this.#timing.obeyWithinMs };
  }

  /** Ends by force only the processes that exceeded the limit, if they are still the same. */
  async #seeToIt({ keys, deadline }: Asked, uses: readonly MemberUse[]): Promise<void> {
    const { clock, signaller, log } = this.#deps;
    const left = uses.filter((use) => keys.has(keyOf(use)));
    if (left.length > 0 && clock.now() < deadline) return;
    this.#asked = undefined;
    if (left.length === 0) {
      log.info('Chroma was recycled');
      return;
    }
    log.warn('the worker did not recycle Chroma; ending it by force', { pids: left.map(({ row }) => row.pid) });
    const targets = left.map(({ row }) => ({ row, restsOnCommand: false }));
    const outcomes = await terminate(targets, { signaller, clock }, { graceMs: GRACE_MS });
    for (const { pid, outcome } of outcomes)
      log.info('ended a Chroma process that exceeded a limit', { chroma: pid, outcome });
    if (this.#report !== null) this.#report = { ...this.#report, wasForced: true };
  }
}

function sum(values: readonly (number | null)[]): number | null {
  return values.some((value) => value === null)
    ? null
    : values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
