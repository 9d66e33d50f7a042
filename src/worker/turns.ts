import { setImmediate as nextTurn } from 'node:timers/promises';

/** The longest time without an answer to a request, in milliseconds. */
const LONGEST_TURN_MS = 10;

/** Divides long work into turns of the event loop, so that requests are answered in between. */
export class Turns {
  #begunAt = performance.now();

  async yield(): Promise<void> {
    await nextTurn();
    this.#begunAt = performance.now();
  }

  async yieldIfLong(): Promise<void> {
    if (performance.now() - this.#begunAt >= LONGEST_TURN_MS) await this.yield();
  }
}
