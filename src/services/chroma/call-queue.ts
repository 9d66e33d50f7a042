/** Queries come first: a person waits for them. */
export type Priority = 'query' | 'write';

/** One call at a time, because chroma-mcp works on one at a time: what is sent while it works can no longer be overtaken. */
export class CallQueue {
  readonly #waiting: Record<Priority, (() => void)[]> = { query: [], write: [] };
  #isBusy = false;

  /** Does the work when its turn comes. */
  async run<T>(priority: Priority, work: () => Promise<T>): Promise<T> {
    await this.#turn(priority);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #turn(priority: Priority): Promise<void> {
    if (!this.#isBusy) {
      this.#isBusy = true;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#waiting[priority].push(resolve);
    });
  }

  #next(): void {
    const next = this.#waiting.query.shift() ?? this.#waiting.write.shift();
    if (next === undefined) this.#isBusy = false;
    else next();
  }
}
