import type { Log } from './log.ts';
import { withTimeout } from './with-timeout.ts';

/** Closes one resource within the given number of milliseconds. */
export type Closing = (withinMs: number) => Promise<void> | void;

interface Step {
  readonly name: string;
  readonly close: Closing;
}

/**
 * The one shutdown of a program. The first request starts it; later requests join it. All closings run in parallel
 * under one deadline. A closing that fails or hangs does not delay the others.
 */
export class Shutdown {
  readonly #log: Log;
  readonly #steps: Step[] = [];
  #running: Promise<void> | undefined;
  #deadline = Number.POSITIVE_INFINITY;

  constructor(log: Log) {
    this.#log = log;
  }

  get isBegun(): boolean {
    return this.#running !== undefined;
  }

  /** A resource added while the shutdown runs is closed immediately. */
  add(name: string, close: Closing): void {
    const step = { name, close };
    this.#steps.push(step);
    if (this.isBegun) void this.#run(step);
  }

  /** Resolves when everything is closed or the deadline has passed. Never rejects. */
  begin(reason: string, withinMs: number): Promise<void> {
    this.#running ??= this.#closeAll(reason, withinMs);
    return this.#running;
  }

  async #closeAll(reason: string, withinMs: number): Promise<void> {
    this.#deadline = performance.now() + withinMs;
    this.#log.info('shutting down', { reason, withinMs });
    // Newest first: the parts that accept requests are added last.
    await Promise.all([...this.#steps].reverse().map((step) => this.#run(step)));
    this.#log.info('shut down');
  }

  async #run({ name, close }: Step): Promise<void> {
    const startedAt = performance.now();
    const leftMs = Math.max(0, this.#deadline - startedAt);
    try {
      const isClosed = await withTimeout(leftMs, closed(close, leftMs));
      const elapsedMs = Math.round(performance.now() - startedAt);
      if (isClosed === true) this.#log.info('closed', { step: name, elapsedMs });
      else this.#log.error('not closed before the deadline', { step: name, elapsedMs });
    } catch (error) {
      this.#log.error('could not be closed', { step: name, error });
    }
  }
}

async function closed(close: Closing, withinMs: number): Promise<true> {
  await close(withinMs);
  return true;
}
