import type { Log } from '../shared/log.ts';
import type { ChromaManager } from '../chroma/chroma-manager.ts';
import type { VectorAnswer, VectorQuery } from '../chroma/vector-index.ts';
import { messageOf } from '../shared/errors.ts';

export type OwnIndex = Pick<ChromaManager, 'query' | 'status' | 'recycle' | 'close'>;

export interface OwnVectorsOptions {
  /**
   * Prepares a Chroma of this process's own, which starts with the first query if nobody else has the vectors. Undefined while there is
   * nothing to search.
   * @throws ClaudeMemError `io` when what it starts could not be recorded.
   */
  readonly open: () => OwnIndex | undefined;
  readonly log: Log;
  readonly startWaitMs?: number;
}

/** A client asks rarely, so nearly each query finds Chroma asleep: its start, 1.4 to 2.2 s, is waited for. Milliseconds. */
const START_WAIT_MS = 5_000;

/** A Chroma of one's own, for a search server without a worker. Nothing is opened or written before the first query. */
export class OwnVectors {
  readonly #options: OwnVectorsOptions;
  #index: OwnIndex | undefined;
  #isClosed = false;

  constructor(options: OwnVectorsOptions) {
    this.#options = options;
  }

  /** Whether it keeps others from the vectors. */
  get isOpen(): boolean {
    const state = this.#index?.status().state;
    return state === 'ready' || state === 'starting';
  }

  async query(query: VectorQuery): Promise<VectorAnswer> {
    if (this.#isClosed) return { available: false, reason: 'the search server is shutting down' };
    try {
      this.#index ??= this.#options.open();
    } catch (error) {
      this.#options.log.error('no Chroma of its own', { error });
      return { available: false, reason: messageOf(error) };
    }
    if (this.#index === undefined) return { available: false, reason: 'nothing is stored yet' };
    return this.#index.query({ ...query, waitMs: this.#options.startWaitMs ?? START_WAIT_MS });
  }

  /** Gives the vectors up; the next query asks for them again. */
  release(reason: string): void {
    this.#index?.recycle(reason).catch((error: unknown) => {
      this.#options.log.error('the vectors could not be given up', { error });
    });
  }

  async close(withinMs: number): Promise<void> {
    this.#isClosed = true;
    await this.#index?.close(withinMs);
  }
}
