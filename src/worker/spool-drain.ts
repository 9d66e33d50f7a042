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

/** A check costs one listing of a folder that is nearly always empty. */
const LOOK_EVERY_MS = 1_000;
/** After this many unfinished attempts, an event is assumed to crash the worker. */
const MOST_ATTEMPTS = 3;

/** Stores events that hooks could not deliver, at the start of the worker and whenever new ones arrive. */
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

  /** Stores all waiting events; joins a run in progress. Never rejects. */
  look(): Promise<void> {
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves when the current event is stored; the rest waits for the next worker. */
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
          // Hooks and searches are answered between two events.
          await nextTurn();
          if (this.#isClosed) return;
          this.#deliver(event);
        }
        log.info('stored spooled hook events', { events: waiting.length });
      }
    } catch (error) {
      // For example a full disk. The events are safe, and the next check retries.
      log.error('could not store spooled hook events', { error });
    }
  }

  #deliver(waiting: SpooledEvent): void {
    const { spool, store, log } = this.#options;
    if (waiting.attempts >= MOST_ATTEMPTS) {
      this.#setAside(waiting, 'the worker crashed at each attempt to store the event');
      return;
    }
    const begun = spool.begin(waiting);
    if (begun === undefined) return;
    const checked = v.safeParse(hookEventBody, begun.content);
    if (!checked.success) {
      this.#setAside(begun.event, 'the file is not a hook event');
      return;
    }
    try {
      store(checked.output);
    } catch (error) {
      if (error instanceof ClaudeMemError) {
        spool.postpone(begun.event);
        throw error;
      }
      log.error('could not store a hook event', { error });
      this.#setAside(begun.event, 'the event cannot be stored');
      return;
    }
    spool.remove(begun.event);
  }

  #setAside(event: SpooledEvent, reason: string): void {
    this.#options.log.error('set a hook event aside', { file: event.name, reason });
    this.#options.spool.setAside(event);
  }
}
