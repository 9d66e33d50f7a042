/** A query for the vectors. */
export interface VectorQuery {
  /** The query as typed. */
  readonly text: string;
  /** Maximum number of matches, 1 or more. */
  readonly limit: number;
  /** Only observations of this project. */
  readonly project?: string | undefined;
  /** Only observations of this type. */
  readonly type?: string | undefined;
  /** How long to wait for a Chroma that is starting or busy, in milliseconds. Default 0: do not wait. */
  readonly waitMs?: number | undefined;
}

/** One observation found by meaning. */
export interface VectorMatch {
  readonly observationId: number;
  /** Identifies the exact observation: a database restored from a backup may have another one with the same id. */
  readonly documentId: string;
  /** 0 means identical in meaning. Comparable only within one answer. */
  readonly distance: number;
}

/** The answer to a query, or the reason why there is none, for users. The caller then answers by keyword. */
export type VectorAnswer =
  | { readonly available: true; readonly matches: readonly VectorMatch[] }
  | { readonly available: false; readonly reason: string };

/**
 * `off`: disabled by settings. `asleep`: nothing runs, the next request starts it. `starting`: start in progress.
 * `ready`. `unavailable`: see the reason. `closed`: permanently.
 */
export type VectorState = 'off' | 'asleep' | 'starting' | 'ready' | 'unavailable' | 'closed';

export interface VectorStatus {
  readonly state: VectorState;
  /** Why queries are not answered by meaning now, for users; null if they are, or would be after a start on demand. */
  readonly reason: string | null;
}

/** The source of vectors for a search: this process's own Chroma, or the worker's. */
export interface VectorIndex {
  /** Never throws if Chroma is not available; limited in time. */
  query(query: VectorQuery): Promise<VectorAnswer>;
  /** Costs a few file lookups at most. */
  status(): VectorStatus;
  /** Releases everything and leaves nothing running. The second call does nothing. */
  close(withinMs: number): Promise<void>;
}

/** A text to index by meaning. */
export interface VectorDocument {
  /** Always the same for one observation. */
  readonly id: string;
  readonly text: string;
  readonly metadata: Readonly<Record<string, string | number>>;
}

/**
 * The writing side, for the only owner of the vectors. Both methods throw.
 * @throws ChromaFailure if Chroma is not available, ToolError if it refuses.
 */
export interface VectorStore extends VectorIndex {
  /**
   * Adds missing documents; documents with a known id stay unchanged.
   * @returns how many were added, and how long Chroma worked on them, in milliseconds.
   */
  add(documents: readonly VectorDocument[]): Promise<{ readonly added: number; readonly workMs: number }>;
  /** Number of documents. */
  count(): Promise<number>;
}
