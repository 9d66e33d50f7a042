import type { BegunEvent, EventSpool, SpooledEvent } from '../operations/ports/tree.ts';
import type { Log } from '../shared/log.ts';
import { ClaudeMemError, messageOf } from '../shared/errors.ts';
import type { SpooledFile } from '../memory/session-store.ts';
import { Turns } from './turns.ts';

export interface SpoolDrainOptions {
  readonly spool: EventSpool;
  /**
   * Returns the event of a file; undefined if it contains nothing to store.
   * @throws Error if the file is not an event. The message contains nothing of the file.
   */
  readonly eventOf: (begun: BegunEvent) => Promise<SpooledFile['event']>;
  /**
   * Stores the events in one transaction.
   * @param isAll whether no other file is in the spool.
   */
  readonly store: (files: readonly SpooledFile[], isAll: boolean) => void;
  readonly log: Log;
  readonly everyMs?: number;
}

/** A check costs one listing of a folder that is nearly always empty. */
const LOOK_EVERY_MS = 1_000;
/**
 * After this many unfinished attempts, an event is assumed to crash the worker. Other causes, for example a lack of memory, may kill a
 * worker several times during the same event.
 */
const MOST_ATTEMPTS = 5;
/** Files per transaction. A transaction syncs the disk once, and no request is answered while it runs. */
const MOST_PER_BATCH = 100;

interface Begun extends SpooledFile {
  readonly file: SpooledEvent;
}

/** Stores the events that wait in the spool, at the start of the worker and whenever new ones arrive. */
export class SpoolDrain {
  readonly #options: SpoolDrainOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #unwatch: () => void;
  readonly #turns = new Turns();
  #running: Promise<void> | undefined;
  #isClosing = false;

  constructor(options: SpoolDrainOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), options.everyMs ?? LOOK_EVERY_MS);
    this.#unwatch = options.spool.watch(() => void this.look());
    void this.look();
  }

  /** Stores all waiting events; joins a run in progress. Never rejects. */
  look(): Promise<void> {
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves when no event is being stored; the rest waits for the next worker. The memory may be closed at the same time. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#timer);
    this.#unwatch();
    await this.#running;
  }

  /** May change during every wait. */
  #isClosed(): boolean {
    return this.#isClosing;
  }

  async #drain(): Promise<void> {
    const { spool, log } = this.#options;
    try {
      for (let waiting = spool.list(); waiting.length > 0 && !this.#isClosed(); waiting = spool.list()) {
        await this.#deliverAll(waiting);
        if (!this.#isClosed()) log.debug('stored spooled hook events', { files: waiting.length });
      }
    } catch (error) {
      // For example a full disk. The events are safe, and the next check retries.
      log.error('could not store spooled hook events', { error });
    }
  }

  async #deliverAll(waiting: readonly SpooledEvent[]): Promise<void> {
    for (let next = 0; next < waiting.length && !this.#isClosed();) {
      // An event that was begun before may have crashed the worker: it must not do so together with others.
      const end = waiting.slice(next, next + MOST_PER_BATCH).findIndex(({ attempts }) => attempts > 0);
      const batch = waiting.slice(next, next + (end === -1 ? MOST_PER_BATCH : Math.max(1, end)));
      next += batch.length;
      const begun = await this.#beginAll(batch);
      await this.#turns.yield();
      if (this.#isClosed()) this.#postpone(begun);
      else this.#store(begun, batch.length === waiting.length);
      await this.#turns.yield();
    }
  }

  async #beginAll(batch: readonly SpooledEvent[]): Promise<readonly Begun[]> {
    const begun: Begun[] = [];
    try {
      for (const waiting of batch) {
        // Hooks and searches are answered meanwhile.
        await this.#turns.yieldIfLong();
        if (this.#isClosed()) break;
        const one = await this.#begin(waiting);
        if (one !== undefined) begun.push(one);
      }
      return begun;
    } catch (error) {
      this.#postpone(begun);
      throw error;
    }
  }

  async #begin(waiting: SpooledEvent): Promise<Begun | undefined> {
    const { spool, eventOf } = this.#options;
    if (waiting.attempts >= MOST_ATTEMPTS) {
      this.#setAside(waiting, 'the worker crashed at each attempt to store the event');
      return undefined;
    }
    const begun = spool.begin(waiting);
    if (begun === undefined) return undefined;
    try {
      return { id: begun.id, file: begun.event, event: await eventOf(begun) };
    } catch (error) {
      this.#setAside(begun.event, messageOf(error));
      return undefined;
    }
  }

  #store(begun: readonly Begun[], isAll: boolean): void {
    const { spool, store, log } = this.#options;
    if (begun.length === 0) return;
    try {
      store(begun, isAll);
    } catch (error) {
      if (error instanceof ClaudeMemError) {
        this.#postpone(begun);
        throw error;
      }
      if (begun.length > 1) {
        for (const one of begun) this.#store([one], false);
        return;
      }
      log.error('could not store a hook event', { error });
      for (const { file } of begun) this.#setAside(file, 'the event cannot be stored');
      return;
    }
    for (const { file } of begun) spool.remove(file);
  }

  #postpone(begun: readonly Begun[]): void {
    for (const { file } of begun) this.#options.spool.postpone(file);
  }

  #setAside(event: SpooledEvent, reason: string): void {
    this.#options.log.error('a hook event is not stored', { file: event.name, reason });
    this.#options.spool.setAside(event);
  }
}
