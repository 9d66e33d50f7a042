import { setImmediate as nextTurn } from 'node:timers/promises';
import * as v from 'valibot';
import type { HookEvent } from '../operations/hooks/hook-event.ts';
import type { EventSpool, SpooledEvent } from '../operations/ports/tree.ts';
import type { Log } from '../shared/log.ts';
import { ClaudeMemError } from '../shared/errors.ts';
import { hookEventBody } from './request-schemas.ts';

export interface SpoolDrainOptions {
  readonly spool: EventSpool;
  readonly store: (event: HookEvent) => void;
  readonly log: Log;
  readonly everyMs?: number;
}

/** A look costs one listing of a folder that is nearly always empty. */
const LOOK_EVERY_MS = 1_000;
/** An event whose delivery was begun so often and never came to an end has ended the worker each time. */
const MOST_ATTEMPTS = 3;

/** Stores what hooks could not deliver: when the worker starts, and whenever something new waits. */
export class SpoolDrain {
  readonly #options: SpoolDrainOptions;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: SpoolDrainOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), options.everyMs ?? LOOK_EVERY_MS);
    void this.look();
  }

  /** Stores all that waits now; joins a look that is under way. Never rejects. */
  look(): Promise<void> {
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves when the event that is under way is stored; the rest waits for the next worker. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  async #drain(): Promise<void> {
    const { spool, log } = this.#options;
    try {
      for (let waiting = spool.list(); waiting.length > 0; waiting = spool.list()) {
        for (const event of waiting) {
          // Hooks and searches are answered in between.
          await nextTurn();
          if (this.#isClosed) return;
          this.#deliver(event);
        }
        log.info('stored what hooks had left', { events: waiting.length });
      }
    } catch (error) {
      // A full disk, say. What waits is safe, and the next look tries again.
      log.error('what hooks left could not be stored', { error });
    }
  }

  #deliver(waiting: SpooledEvent): void {
    const { spool, store, log } = this.#options;
    if (waiting.attempts >= MOST_ATTEMPTS) {
      this.#setAside(waiting, 'the worker ended each time it was stored');
      return;
    }
    const begun = spool.begin(waiting);
    if (begun === undefined) return;
    const checked = v.safeParse(hookEventBody, begun.content);
    if (!checked.success) {
      this.#setAside(begun.event, 'it is no event of a hook');
      return;
    }
    try {
      store(checked.output);
    } catch (error) {
      if (error instanceof ClaudeMemError) {
        spool.postpone(begun.event);
        throw error;
      }
      log.error('an event of a hook could not be stored', { error });
      this.#setAside(begun.event, 'it cannot be stored');
      return;
    }
    spool.remove(begun.event);
  }

  #setAside(event: SpooledEvent, reason: string): void {
    this.#options.log.error('an event of a hook is set aside', { file: event.name, reason });
    this.#options.spool.setAside(event);
  }
}
