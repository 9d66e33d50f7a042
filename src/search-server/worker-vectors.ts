import { tookLonger } from '../chroma/hybrid-search.ts';
import { askSocket, LateAnswer, type SocketAnswer } from '../shared/ask-socket.ts';
import type { NamedPipes } from '../shared/named-pipes.ts';
import type { VectorAnswer, VectorMatch, VectorQuery } from '../chroma/vector-index.ts';

export interface WorkerVectorsOptions {
  /** Path of the worker's socket. @throws Error if there is none. */
  readonly findSocket: () => string;
  readonly pipes?: NamedPipes | undefined;
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

  /**
   * @returns undefined if no worker of this data dir runs. A late worker runs, and may own the vectors: the answer then
   * gives the delay as its reason.
   */
  async query(query: VectorQuery): Promise<VectorAnswer | undefined> {
    const { readToken, findSocket, pipes, healthTimeoutMs = HEALTH_TIMEOUT_MS } = this.#options;
    try {
      const token = readToken();
      if (token === undefined) return undefined;
      const socketPath = findSocket();
      const health = await orLate(askSocket({ socketPath, pipes, path: '/health', withinMs: healthTimeoutMs }));
      if (health === 'late') return unavailable(`the worker did not answer within ${healthTimeoutMs / 1000} s`);
      return health.status === 200 ? await this.#ask(socketPath, query, token) : undefined;
    } catch {
      // No socket, or connection refused: no worker runs.
      return undefined;
    }
  }

  async #ask(socketPath: string, query: VectorQuery, token: string): Promise<VectorAnswer | undefined> {
    const withinMs = (this.#options.queryTimeoutMs ?? QUERY_TIMEOUT_MS) + (query.waitMs ?? 0);
    const asked = { socketPath, path: '/api/vectors/query', method: 'POST', token, body: query, withinMs } as const;
    const answer = await orLate(askSocket({ ...asked, pipes: this.#options.pipes }));
    if (answer === 'late') return unavailable(tookLonger(withinMs));
    // Both ends have the same version, or the newer one only adds fields.
    const { matches, error } = answer.body as WorkerAnswer;
    if (matches !== undefined) return { available: true, matches };
    return error?.code === 'vectors-unavailable' ? unavailable(error.message) : undefined;
  }
}

function unavailable(reason: string): VectorAnswer {
  return { available: false, reason };
}

/** @throws Error if nothing listens. */
async function orLate(answer: Promise<SocketAnswer>): Promise<SocketAnswer | 'late'> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof LateAnswer) return 'late';
    throw error;
  }
}

/** Response of `POST /api/vectors/query`. */
interface WorkerAnswer {
  readonly matches?: readonly VectorMatch[];
  readonly error?: { readonly code: string; readonly message: string };
}
