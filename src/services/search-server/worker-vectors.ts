import type { VectorAnswer, VectorMatch, VectorQuery } from '../chroma/vector-index.ts';

export interface WorkerVectorsOptions {
  readonly host: string;
  readonly port: number;
  /** Of the data dir; undefined where no worker has ever run. */
  readonly readToken: () => string | undefined;
  /** Whether that tree is one of this data dir: a port is not an identity, and the token is for nobody else. */
  readonly isOurTree: (treeId: string) => boolean;
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
  readonly #origin: string;

  constructor(options: WorkerVectorsOptions) {
    this.#options = options;
    const host = options.host.includes(':') ? `[${options.host}]` : options.host;
    this.#origin = `http://${host}:${options.port}`;
  }

  /** @returns undefined where no worker of this data dir answers. */
  async query(query: VectorQuery): Promise<VectorAnswer | undefined> {
    try {
      const token = this.#options.readToken();
      if (token === undefined || !(await this.#isOurWorker())) return undefined;
      return await this.#ask(query, token);
    } catch {
      // Refused, timed out, no HTTP: whoever is there, it is no worker that could help.
      return undefined;
    }
  }

  async #isOurWorker(): Promise<boolean> {
    const signal = AbortSignal.timeout(this.#options.healthTimeoutMs ?? HEALTH_TIMEOUT_MS);
    const response = await fetch(`${this.#origin}/health`, { signal, redirect: 'error' });
    const { treeId } = (await response.json()) as { treeId?: unknown };
    return response.ok && typeof treeId === 'string' && this.#options.isOurTree(treeId);
  }

  async #ask(query: VectorQuery, token: string): Promise<VectorAnswer | undefined> {
    const response = await fetch(`${this.#origin}/api/vectors/query`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify(query),
      redirect: 'error',
      signal: AbortSignal.timeout((this.#options.queryTimeoutMs ?? QUERY_TIMEOUT_MS) + (query.waitMs ?? 0)),
    });
    const answer = (await response.json()) as WorkerAnswer;
    if (answer.matches !== undefined) return { available: true, matches: answer.matches };
    if (answer.error?.code === 'vectors-unavailable') return { available: false, reason: answer.error.message };
    return undefined;
  }
}

/** Of `POST /api/vectors/query`. */
interface WorkerAnswer {
  readonly matches?: readonly VectorMatch[];
  readonly error?: { readonly code: string; readonly message: string };
}
