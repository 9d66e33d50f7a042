/** What is asked of the vectors. */
export interface VectorQuery {
  /** What a person typed. */
  readonly text: string;
  /** At most this many matches; 1 or more. */
  readonly limit: number;
  /** Only observations of this project. */
  readonly project?: string | undefined;
  /** How long to wait for a Chroma that is just starting, in milliseconds; 0, the default: not at all. Also for one that is busy. */
  readonly waitMs?: number | undefined;
}

/** One observation that is near in meaning. */
export interface VectorMatch {
  readonly observationId: number;
  /** Names the very observation: a database restored from a backup may bear another one under the same id. */
  readonly documentId: string;
  /** 0: the same meaning; comparable within one answer only. */
  readonly distance: number;
}

/** The answer to a query; when there is none, the reason in words for people: the caller goes on by keyword. */
export type VectorAnswer =
  | { readonly available: true; readonly matches: readonly VectorMatch[] }
  | { readonly available: false; readonly reason: string };

/**
 * `off`: switched off by settings. `asleep`: nothing runs, the next need starts it. `starting`: on its way. `ready`. `unavailable`:
 * see the reason. `closed`: for good.
 */
export type VectorState = 'off' | 'asleep' | 'starting' | 'ready' | 'unavailable' | 'closed';

export interface VectorStatus {
  readonly state: VectorState;
  /** Why queries are not answered by meaning now, in words for people; null when they are, or would be at the next need. */
  readonly reason: string | null;
}

/** Where a search gets its vectors from: a Chroma of this process's own, or the worker's. */
export interface VectorIndex {
  /** Never throws for a Chroma that is not to be had; bounded in time. */
  query(query: VectorQuery): Promise<VectorAnswer>;
  /** Costs no more than a few file lookups. */
  status(): VectorStatus;
  /** Lets go of everything; nothing is left running. Calling it again does nothing. */
  close(withinMs: number): Promise<void>;
}

/** A text to be found by meaning. */
export interface VectorDocument {
  /** The same for the same observation, always. */
  readonly id: string;
  readonly text: string;
  readonly metadata: Readonly<Record<string, string | number>>;
}

/**
 * The writing side, for the one owner of the vectors.
 * @throws ChromaFailure when Chroma is not to be had, ToolError when it refuses; from both methods.
 */
export interface VectorStore extends VectorIndex {
  /**
   * Adds what is not there yet; documents whose id exists stay as they are.
   * @returns how many were new, and how long Chroma worked on them, in milliseconds.
   */
  add(documents: readonly VectorDocument[]): Promise<{ readonly added: number; readonly workMs: number }>;
  /** How many documents there are. */
  count(): Promise<number>;
}
