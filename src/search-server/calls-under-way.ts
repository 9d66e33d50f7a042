/** Counts calls that have not been answered yet, so that a shutdown can wait for them. */
export class CallsUnderWay {
  readonly #calls = new Set<Promise<unknown>>();

  async track<Result>(call: Promise<Result>): Promise<Result> {
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Resolves when none is left. Never rejects: what a call throws is its caller's. */
  async settled(): Promise<void> {
    // What has just come in is begun first.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls);
  }
}
