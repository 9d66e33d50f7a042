/** All viewers share one reading of this age, in milliseconds: a page costs what one reading costs, however many look at it. */
const READING_EVERY_MS = 5_000;

export interface Shared<Value> {
  readonly value: Value;
  /** Until the next one is to be had, in milliseconds. */
  readonly nextInMs: number;
}

/** Reads only when somebody asks, and not more often than every so many milliseconds. */
export class SharedReading<Value> {
  readonly #read: () => Promise<Value>;
  readonly #now: () => number;
  #current: Promise<Value> | undefined;
  #takenAt = Number.NEGATIVE_INFINITY;

  /** @param now monotonic, in milliseconds. */
  constructor(read: () => Promise<Value>, now: () => number) {
    this.#read = read;
    this.#now = now;
  }

  /** @throws what the reading throws, for as long as it would be shared: a failing one is not repeated more often either. */
  async get(): Promise<Shared<Value>> {
    if (this.#current === undefined || this.#now() - this.#takenAt >= READING_EVERY_MS) {
      this.#takenAt = this.#now();
      this.#current = this.#read();
    }
    const value = await this.#current;
    return { value, nextInMs: Math.max(0, Math.ceil(READING_EVERY_MS - (this.#now() - this.#takenAt))) };
  }
}
