import type { VectorAnswer, VectorIndex, VectorQuery } from '../chroma/vector-index.ts';
import type { OwnVectors } from './own-vectors.ts';
import type { WorkerVectors } from './worker-vectors.ts';

/** The worker's vectors where a worker runs; else one's own, unless this search server is a part of a worker's tree. */
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
    // A worker has come meanwhile and cannot have the vectors because of us: this answer is the last from here.
    const last = await this.#own.query(query);
    this.#own.release('a worker has come');
    return last;
  }
}
