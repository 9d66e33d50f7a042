import type { SearchAnswer } from '../chroma/hybrid-search.ts';
import type { SearchMode } from '../operations/tree/tree-messages.ts';
import type { VectorAnswer, VectorQuery } from '../chroma/vector-index.ts';
import type { SearchRequest } from '../memory/keyword-search.ts';
import type { SessionSearch } from '../memory/session-search.ts';
import type { SessionStore } from '../memory/session-store.ts';

/** Identifies this worker, because a reachable port alone proves nothing. */
export interface WorkerIdentity {
  readonly treeId: string;
  readonly pid: number;
  readonly version: string;
}

export interface WorkerProcessInfo {
  readonly role: 'worker' | 'search' | 'chroma-sync';
  readonly pid: number;
  readonly state: string;
}

export interface Readiness {
  readonly search: { readonly mode: SearchMode; readonly reason: string | null };
  readonly searchServer: { readonly state: string; readonly pid: number | null; readonly restarts: number };
}

/** The services behind the HTTP API. */
export interface Api {
  readonly identity: WorkerIdentity;
  readonly store: Pick<
    SessionStore,
    | 'getSession'
    | 'createSession'
    | 'addObservation'
    | 'addPrompt'
    | 'completeSession'
    | 'recordEvent'
    | 'recordSpooled'
  >;
  readonly memory: Pick<SessionSearch, 'recent' | 'recentSessions' | 'recentSummaries' | 'promptsOf'>;
  /** Whether nothing of a session in this place may be stored. */
  readonly isExcluded: (place: { readonly cwd: string; readonly project: string }) => boolean;
  /** A session started or continues. */
  sessionActive(): void;
  /** Observations were committed. */
  observationsAdded(): void;
  /** Resolves when the events are stored that waited in the spool. Never rejects. */
  spoolStored(): Promise<void>;
  search(request: SearchRequest): Promise<SearchAnswer>;
  queryVectors(query: VectorQuery): Promise<VectorAnswer>;
  readiness(): Readiness;
  processes(): readonly WorkerProcessInfo[];
  /** Metrics for Prometheus, from a fresh snapshot. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}
