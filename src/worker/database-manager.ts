import type { Log } from '../shared/log.ts';
import { withTimeout } from '../shared/with-timeout.ts';
import type { ChromaSync } from '../chroma/chroma-sync.ts';
import type { SessionSearch } from '../memory/session-search.ts';
import type { SessionStore } from '../memory/session-store.ts';

export type Vectors = Pick<ChromaSync, 'wake' | 'observationsAdded' | 'query' | 'status' | 'recycle' | 'close'>;

/** Part of the deadline reserved for closing SQLite, in milliseconds. */
const SQLITE_RESERVE_MS = 100;

/** How each part is opened, in this order. */
export interface DatabaseParts {
  readonly openStore: () => SessionStore;
  readonly openSearch: () => SessionSearch;
  readonly openVectors: (store: SessionStore) => Vectors;
}

/** Owns the SQLite writer, the SQLite reader, and the vectors. */
export class DatabaseManager {
  readonly store: SessionStore;
  readonly search: SessionSearch;
  readonly vectors: Vectors;
  readonly #log: Log;
  #closing: Promise<void> | undefined;

  constructor(store: SessionStore, search: SessionSearch, vectors: Vectors, log: Log) {
    this.store = store;
    this.search = search;
    this.vectors = vectors;
    this.#log = log;
  }

  /** @throws ClaudeMemError `io` if the memory cannot be opened; parts opened before are closed again. */
  static open({ openStore, openSearch, openVectors }: DatabaseParts, log: Log): DatabaseManager {
    const opened: { close(): void }[] = [];
    try {
      const store = openStore();
      opened.push(store);
      const search = openSearch();
      opened.push(search);
      return new DatabaseManager(store, search, openVectors(store), log);
    } catch (error) {
      for (const part of opened) part.close();
      throw error;
    }
  }

  /**
   * Closes ChromaSync first, because it owns processes and still writes to SQLite. Each step is isolated: a step that
   * fails or hangs does not block the others. A second call joins the first.
   */
  close(withinMs: number): Promise<void> {
    this.#closing ??= this.#close(withinMs);
    return this.#closing;
  }

  async #close(withinMs: number): Promise<void> {
    await this.#step('ChromaSync', Math.max(0, withinMs - SQLITE_RESERVE_MS), (leftMs) => this.vectors.close(leftMs));
    await this.#step('SessionSearch', withinMs, () => {
      this.search.close();
    });
    await this.#step('SessionStore', withinMs, () => {
      this.store.close();
    });
  }

  async #step(name: string, withinMs: number, close: (leftMs: number) => Promise<void> | void): Promise<void> {
    const startedAt = performance.now();
    try {
      const closing = Promise.resolve(close(withinMs)).then(() => true);
      const isClosed = await withTimeout(withinMs, closing);
      const elapsedMs = Math.round(performance.now() - startedAt);
      if (isClosed === true) this.#log.info('closed', { step: name, elapsedMs });
      else this.#log.error('not closed before the deadline', { step: name, elapsedMs });
    } catch (error) {
      this.#log.error('could not be closed', { step: name, error });
    }
  }
}
