import { Backoff } from '../shared/backoff.ts';
import type { Log } from '../shared/log.ts';
import type { ChromaFailure, FailureKind } from './failure.ts';
import type { ChromaTiming } from './timing.ts';

/** Failures that a few file lookups find, so every use looks again. */
const CHEAP_FAILURES: ReadonlySet<FailureKind> = new Set(['off', 'closed', 'no-uvx', 'no-model']);

export interface RetryOptions {
  readonly timing: ChromaTiming;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Called when the pause after a failure is over. */
  readonly onRetry: () => void;
  readonly log: Log;
}

/** Remembers the last failure, and decides when Chroma may be started again. */
export class RetryPolicy {
  readonly #options: RetryOptions;
  readonly #backoff: Backoff;
  #failure: ChromaFailure | undefined;
  #retryAt = 0;
  #restUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: RetryOptions) {
    this.#options = options;
    const { firstRetryMs, longestRetryMs } = options.timing;
    this.#backoff = new Backoff({ firstMs: firstRetryMs, longestMs: longestRetryMs });
  }

  /** The last failure; undefined after a start that succeeded. */
  get failure(): ChromaFailure | undefined {
    return this.#failure;
  }

  /** The last failure, unless a new look may find that it no longer holds. */
  get lastingFailure(): ChromaFailure | undefined {
    return this.#failure !== undefined && CHEAP_FAILURES.has(this.#failure.kind) ? undefined : this.#failure;
  }

  /** The failure that forbids a start now. */
  get obstacle(): ChromaFailure | undefined {
    return this.#retryAt > this.#options.now() ? this.#failure : undefined;
  }

  /** Forbids any start for so many milliseconds, counted once a failure is noted. */
  rest(ms: number): void {
    this.#restUntil = this.#options.now() + ms;
  }

  succeeded(): void {
    this.#failure = undefined;
  }

  /** A Chroma that ran for long enough makes its failure the first one. */
  ranFor(ms: number): void {
    if (ms >= this.#options.timing.healthyMs) this.#backoff.reset();
  }

  note(failure: ChromaFailure): void {
    this.#failure = failure;
    if (CHEAP_FAILURES.has(failure.kind)) return;
    const { now, log, onRetry } = this.#options;
    const pauseMs = Math.max(this.#pauseAfter(failure), this.#restUntil - now());
    this.#retryAt = now() + pauseMs;
    log.warn('Chroma is not available', { reason: failure.message, nextAttemptInMs: pauseMs });
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      // A timer may fire a fraction of a millisecond early by the clock, and there is no second timer.
      this.#retryAt = 0;
      onRetry();
    }, pauseMs).unref();
  }

  /** The message of a failure, with the time of the next attempt. */
  describe(failure: ChromaFailure): string {
    const waitMs = this.#retryAt - this.#options.now();
    if (failure !== this.#failure || waitMs <= 0) return failure.message;
    return `${failure.message}; next attempt in ${Math.ceil(waitMs / 1000)} s or later`;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #pauseAfter({ kind }: ChromaFailure): number {
    if (kind === 'over-limit') return 0;
    return kind === 'owned' ? this.#options.timing.ownedRetryMs : this.#backoff.next();
  }
}
