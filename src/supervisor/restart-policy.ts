import { Backoff } from '../shared/backoff.ts';

/** All in milliseconds. */
export interface RestartTiming {
  readonly firstRestartMs: number;
  readonly longestRestartMs: number;
  /** After this time in health the next crash counts as the first one. */
  readonly healthyAfterMs: number;
}

const MAX_FAILED_STARTS = 10;

/** Decides whether a worker that crashed is started again, and when. */
export class RestartPolicy {
  readonly #backoff: Backoff;
  readonly healthyAfterMs: number;

  constructor({ firstRestartMs, longestRestartMs, healthyAfterMs }: RestartTiming) {
    this.#backoff = new Backoff({ firstMs: firstRestartMs, longestMs: longestRestartMs });
    this.healthyAfterMs = healthyAfterMs;
  }

  /** The restarts in a row. */
  get failures(): number {
    return this.#backoff.attempts;
  }

  /** Milliseconds to wait before the next start; undefined after ten restarts in a row. */
  nextDelayMs(): number | undefined {
    return this.#backoff.attempts >= MAX_FAILED_STARTS ? undefined : this.#backoff.next();
  }

  /** Forgets earlier crashes: the worker was healthy for long enough, or a person asked for a new one. */
  forget(): void {
    this.#backoff.reset();
  }
}
