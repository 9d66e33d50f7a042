/**
 * All viewers share one reading of at most this age, in milliseconds, so that the cost does not grow with the number of
 * viewers.
 */
const READING_EVERY_MS = 5_000;

export interface Shared<Value> {
  readonly value: Value;
  /** Time until the next reading is available, in milliseconds. */
  readonly nextInMs: number;
}

/** Reads on demand, at most once per interval. */
export class SharedReading<Value> {
  readonly #read: () => Promise<Value>;
  readonly #now: () => number;
  #current: Promise<Value> | undefined;
  #takenAt = Number.NEGATIVE_INFINITY;

  /** @param now monotonic clock, in milliseconds. */
  constructor(read: () => Promise<Value>, now: () => number) {
    this.#read = read;
    this.#now = now;
  }

  /**
   * @throws the error of the reading, for as long as the reading is shared: a failing reading is not repeated more
   * often.
   */
  async get(): Promise<Shared<Value>> {
    if (this.#current === undefined || this.#now() - this.#takenAt >= READING_EVERY_MS) {
      this.#takenAt = this.#now();
      this.#current = this.#read();
    }
    const value = await this.#current;
    return { value, nextInMs: Math.max(0, Math.ceil(READING_EVERY_MS - (this.#now() - this.#takenAt))) };
  }
}
