/** Waits that double: 100 ms, 200 ms … up to a ceiling; a success starts them anew. */
export class Backoff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  #attempts = 0;

  constructor({ firstMs, longestMs }: { readonly firstMs: number; readonly longestMs: number }) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
  }

  /** How often `next` was asked since the last `reset`. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const delay = Math.min(this.#longestMs, this.#firstMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return delay;
  }

  reset(): void {
    this.#attempts = 0;
  }
}
