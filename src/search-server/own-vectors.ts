import type { Log } from '../shared/log.ts';
import type { ChromaManager } from '../chroma/chroma-manager.ts';
import type { VectorAnswer, VectorQuery } from '../chroma/vector-index.ts';
import { messageOf } from '../shared/errors.ts';

export type OwnIndex = Pick<ChromaManager, 'query' | 'status' | 'recycle' | 'close'>;

export interface OwnVectorsOptions {
  /**
   * Prepares a Chroma of this process, which starts with the first query if no other process uses the vectors.
   * Undefined while the memory is empty.
   * @throws ClaudeMemError `io` if its processes could not be recorded.
   */
  readonly open: () => OwnIndex | undefined;
  readonly log: Log;
  readonly startWaitMs?: number;
}

/**
 * How long a query waits for Chroma to start, in milliseconds. Starting takes 1.4 to 2.2 s; queries are rare, so Chroma
 * is asleep at nearly every one.
 */
const START_WAIT_MS = 5_000;

/** Chroma for a search server without a worker. Opens and writes nothing before the first query. */
export class OwnVectors {
  readonly #options: OwnVectorsOptions;
  #index: OwnIndex | undefined;
  #isClosed = false;

  constructor(options: OwnVectorsOptions) {
    this.#options = options;
  }

  /** Whether this process currently holds the vectors. */
  get isOpen(): boolean {
    const state = this.#index?.status().state;
    return state === 'ready' || state === 'starting';
  }

  async query(query: VectorQuery): Promise<VectorAnswer> {
    if (this.#isClosed) return { available: false, reason: 'the search server is shutting down' };
    try {
      this.#index ??= this.#options.open();
    } catch (error) {
      this.#options.log.error('cannot prepare Chroma', { error });
      return { available: false, reason: messageOf(error) };
    }
    if (this.#index === undefined) return { available: false, reason: 'nothing is stored yet' };
    return this.#index.query({ ...query, waitMs: this.#options.startWaitMs ?? START_WAIT_MS });
  }

  /** Releases the vectors; the next query requests them again. */
  release(reason: string): void {
    this.#index?.recycle(reason).catch((error: unknown) => {
      this.#options.log.error('could not release the vectors', { error });
    });
  }

  async close(withinMs: number): Promise<void> {
    this.#isClosed = true;
    await this.#index?.close(withinMs);
  }
}
