import { askSocket } from '../shared/ask-socket.ts';
import type { VectorAnswer, VectorMatch, VectorQuery } from '../chroma/vector-index.ts';

export interface WorkerVectorsOptions {
  /** Where the worker of the data dir answers our own programs. @throws Error where there is none. */
  readonly findSocket: () => string;
  /** Of the data dir; undefined where no worker has ever run. */
  readonly readToken: () => string | undefined;
  readonly healthTimeoutMs?: number;
  readonly queryTimeoutMs?: number;
}

/** A worker answers this one at once; one that does not hangs. Milliseconds. */
const HEALTH_TIMEOUT_MS = 500;
/** Milliseconds, on top of what the query itself may wait. */
const QUERY_TIMEOUT_MS = 3_000;

/** The vectors of the worker, which holds them wherever one runs. */
export class WorkerVectors {
  readonly #options: WorkerVectorsOptions;

  constructor(options: WorkerVectorsOptions) {
    this.#options = options;
  }

  /** @returns undefined where no worker of this data dir answers. */
  async query(query: VectorQuery): Promise<VectorAnswer | undefined> {
    try {
      const token = this.#options.readToken();
      if (token === undefined) return undefined;
      const socketPath = this.#options.findSocket();
      const withinMs = this.#options.healthTimeoutMs ?? HEALTH_TIMEOUT_MS;
      const { status } = await askSocket({ socketPath, path: '/health', withinMs });
      return status === 200 ? await this.#ask(socketPath, query, token) : undefined;
    } catch {
      // No socket, refused, timed out: there is no worker that could help.
      return undefined;
    }
  }

  async #ask(socketPath: string, query: VectorQuery, token: string): Promise<VectorAnswer | undefined> {
    const withinMs = (this.#options.queryTimeoutMs ?? QUERY_TIMEOUT_MS) + (query.waitMs ?? 0);
    const asked = { socketPath, path: '/api/vectors/query', method: 'POST', token, body: query, withinMs } as const;
    // Both ends are of one build, or the newer one only adds fields.
    const { matches, error } = (await askSocket(asked)).body as WorkerAnswer;
    if (matches !== undefined) return { available: true, matches };
    if (error?.code === 'vectors-unavailable') return { available: false, reason: error.message };
    return undefined;
  }
}

/** Of `POST /api/vectors/query`. */
interface WorkerAnswer {
  readonly matches?: readonly VectorMatch[];
  readonly error?: { readonly code: string; readonly message: string };
}
