import { askSocket } from '../shared/ask-socket.ts';
import type { VectorAnswer, VectorMatch, VectorQuery } from '../chroma/vector-index.ts';

export interface WorkerVectorsOptions {
  /** Path of the worker's socket. @throws Error if there is none. */
  readonly findSocket: () => string;
  /** Token of the data dir; undefined if no worker ever ran. */
  readonly readToken: () => string | undefined;
  readonly healthTimeoutMs?: number;
  readonly queryTimeoutMs?: number;
}

/** A healthy worker answers /health immediately. In milliseconds. */
const HEALTH_TIMEOUT_MS = 500;
/** In milliseconds, added to the wait time of the query itself. */
const QUERY_TIMEOUT_MS = 3_000;

/** Queries the vectors of the worker, which owns them whenever it runs. */
export class WorkerVectors {
  readonly #options: WorkerVectorsOptions;

  constructor(options: WorkerVectorsOptions) {
    this.#options = options;
  }

  /** @returns undefined if no worker of this data dir answers. */
  async query(query: VectorQuery): Promise<VectorAnswer | undefined> {
    try {
      const token = this.#options.readToken();
      if (token === undefined) return undefined;
      const socketPath = this.#options.findSocket();
      const withinMs = this.#options.healthTimeoutMs ?? HEALTH_TIMEOUT_MS;
      const { status } = await askSocket({ socketPath, path: '/health', withinMs });
      return status === 200 ? await this.#ask(socketPath, query, token) : undefined;
    } catch {
      // No socket, connection refused, or timeout: no worker is available.
      return undefined;
    }
  }

  async #ask(socketPath: string, query: VectorQuery, token: string): Promise<VectorAnswer | undefined> {
    const withinMs = (this.#options.queryTimeoutMs ?? QUERY_TIMEOUT_MS) + (query.waitMs ?? 0);
    const asked = { socketPath, path: '/api/vectors/query', method: 'POST', token, body: query, withinMs } as const;
    // Both ends have the same version, or the newer one only adds fields.
    const { matches, error } = (await askSocket(asked)).body as WorkerAnswer;
    if (matches !== undefined) return { available: true, matches };
    if (error?.code === 'vectors-unavailable') return { available: false, reason: error.message };
    return undefined;
  }
}

/** Response of `POST /api/vectors/query`. */
interface WorkerAnswer {
  readonly matches?: readonly VectorMatch[];
  readonly error?: { readonly code: string; readonly message: string };
}
