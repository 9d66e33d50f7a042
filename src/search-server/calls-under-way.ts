/** Counts unanswered calls, so that a shutdown can wait for them. */
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

  /** Resolves when no call is left. Never rejects: the error of a call belongs to its caller. */
  async idle(): Promise<void> {
    // Lets calls that have just arrived start first.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls);
  }
}
