import type { VectorAnswer, VectorIndex, VectorQuery } from '../chroma/vector-index.ts';
import type { OwnVectors } from './own-vectors.ts';
import type { WorkerVectors } from './worker-vectors.ts';

/**
 * Queries the worker's vectors if a worker runs, else this process's own; a search server in a worker's tree has none
 * of its own.
 */
export class VectorSources implements Pick<VectorIndex, 'query'> {
  readonly #worker: Pick<WorkerVectors, 'query'>;
  readonly #own: Pick<OwnVectors, 'query' | 'isOpen' | 'release'> | undefined;

  constructor(worker: Pick<WorkerVectors, 'query'>, own: Pick<OwnVectors, 'query' | 'isOpen' | 'release'> | undefined) {
    this.#worker = worker;
    this.#own = own;
  }

  async query(query: VectorQuery): Promise<VectorAnswer> {
    const fromWorker = await this.#worker.query(query);
    if (this.#own === undefined) return fromWorker ?? { available: false, reason: 'the worker does not answer' };
    if (fromWorker === undefined) return this.#own.query(query);
    if (fromWorker.available || !this.#own.isOpen) return fromWorker;
    // A worker has started and cannot get the vectors because this process holds them. This is the last answer from
    // here.
    const last = await this.#own.query(query);
    this.#own.release('a worker has started');
    return last;
  }
}
