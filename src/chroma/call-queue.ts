/** Queries come first, because a user waits for them. */
export type Priority = 'query' | 'write';

/**
 * How many queries may overtake a waiting write before it gets its turn. Otherwise a busy or slow machine would never
 * write.
 */
const QUERIES_IN_A_ROW = 3;

/**
 * Sends one call at a time, because chroma-mcp processes one at a time: a call that was sent can no longer be
 * overtaken.
 */
export class CallQueue {
  readonly #waiting: Record<Priority, (() => void)[]> = { query: [], write: [] };
  #isBusy = false;
  /** Queries processed while a write waited. */
  #overtaking = 0;

  /** Runs the work when its turn comes. */
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
    const { query, write } = this.#waiting;
    const isWritesTurn = query.length === 0 || (write.length > 0 && this.#overtaking >= QUERIES_IN_A_ROW);
    this.#overtaking = isWritesTurn || write.length === 0 ? 0 : this.#overtaking + 1;
    const next = (isWritesTurn ? write : query).shift();
    if (next === undefined) this.#isBusy = false;
    else next();
  }
}
