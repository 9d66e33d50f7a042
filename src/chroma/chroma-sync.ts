import { withTimeout } from '../shared/with-timeout.ts';
import type { Observation } from '../memory/records.ts';
import type { SessionStore } from '../memory/session-store.ts';
import type { ChromaDependencies } from './dependencies.ts';
import { collectionName, toDocument } from './document.ts';
import { ToolError } from './failure.ts';
import { ChromaManager } from './chroma-manager.ts';
import type { ChromaTiming } from './timing.ts';
import type { VectorAnswer, VectorIndex, VectorQuery, VectorStatus } from './vector-index.ts';

/** The parts of SQLite that ChromaSync uses; `SessionStore` provides them. */
export type ObservationSource = Pick<
  SessionStore,
  'databaseId' | 'observationsAfter' | 'countObservationsAfter' | 'counts' | 'getSession' | 'watermark' | 'setWatermark'
>;

export interface ChromaSyncStatus extends VectorStatus {
  /** Observations in SQLite that are not in the vectors yet. */
  readonly pending: number;
  /** Pids of the running processes. */
  readonly wrapperPid: number | null;
  readonly pythonPid: number | null;
}

/** A query waits for at most one batch, in milliseconds. */
const BATCH_MS = 250;
/**
 * Chroma reloads its model for each call (about 150 ms) and needs 40 ms per document. A smaller batch would mostly wait
 * for loading.
 */
const SMALLEST_BATCH = 3;
const LARGEST_BATCH = 50;
/** How many documents are tried one by one after a refusal; more than are ever refused in a row. */
const CANDIDATES = 10;

/** Keeps the vectors in sync with SQLite and answers queries from them. */
export class ChromaSync implements VectorIndex {
  readonly #source: ObservationSource;
  readonly #dependencies: ChromaDependencies;
  readonly #chroma: ChromaManager;
  /** Name of the vector store that the watermark belongs to. */
  readonly #storeId: string;
  #batchSize = SMALLEST_BATCH;
  #isFilling = false;
  #filling: Promise<void> = Promise.resolve();
  #isVerified = false;

  constructor(dependencies: ChromaDependencies, source: ObservationSource, timing: Partial<ChromaTiming> = {}) {
    const { chromaMode, chromaHost, chromaPort, chromaIdleSeconds } = dependencies.settings;
    this.#dependencies = dependencies;
    this.#source = source;
    this.#storeId = chromaMode === 'local' ? 'chroma' : `chroma:${chromaHost}:${chromaPort}`;
    this.#chroma = new ChromaManager(dependencies, {
      collection: collectionName(source.databaseId()),
      idleMs: chromaIdleSeconds * 1_000,
      timing,
      hasWork: () => this.#pending() > 0,
      onReady: () => {
        this.#isVerified = false;
        this.#fill();
      },
    });
  }

  /** A session started or continues: starts Chroma if it sleeps. Does not wait. */
  wake(): void {
    this.#chroma.wake();
  }

  /** Observations were committed: writes them soon, and starts Chroma if it sleeps. Does not wait. */
  observationsAdded(): void {
    if (this.#chroma.status().state === 'ready') this.#fill();
    else this.#chroma.wake();
  }

  query(query: VectorQuery): Promise<VectorAnswer> {
    return this.#chroma.query(query);
  }

  status(): ChromaSyncStatus {
    return {
      ...this.#chroma.status(),
      pending: this.#pending(),
      wrapperPid: this.#chroma.wrapperPid ?? null,
      pythonPid: this.#chroma.pythonPid ?? null,
    };
  }

  /**
   * Ends a running Chroma that exceeded its limits. The next one may start after `restMs` milliseconds and repeats
   * unfinished writes.
   */
  recycle(reason: string, restMs = 0): Promise<void> {
    return this.#chroma.recycle(reason, restMs);
  }

  /** Ends Chroma, then releases the vectors. Missing documents are backfilled next time. */
  async close(withinMs: number): Promise<void> {
    // The running batch fails with the connection. The database is not used afterwards.
    await withTimeout(withinMs, Promise.all([this.#chroma.close(withinMs), this.#filling]));
  }

  /** Runs once at a time and continues until nothing is left, including observations committed meanwhile. */
  #fill(): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    this.#filling = this.#fillUp().catch((error: unknown) => {
      // After a lost connection, onReady starts again; after a refusal, the next observation does.
      this.#dependencies.log.warn('stopped updating the vectors', { error: String(error) });
    });
  }

  async #fillUp(): Promise<void> {
    try {
      while (this.#chroma.status().state === 'ready') {
        if (!this.#isVerified) await this.#verify();
        const batch = this.#source.observationsAfter(this.#watermark(), this.#batchSize);
        if (batch.length === 0) return;
        await this.#write(batch);
      }
    } finally {
      // In the same turn as the last check of SQLite, so that no commit is missed.
      this.#isFilling = false;
    }
  }

  /** Detects deleted or restored vectors, which contain fewer documents than the watermark says. */
  async #verify(): Promise<void> {
    const watermark = this.#watermark();
    const expected = this.#source.counts().observations - this.#source.countObservationsAfter(watermark);
    const found = await this.#chroma.count();
    this.#isVerified = true;
    if (found >= expected) return;
    this.#dependencies.log.warn('the vectors are incomplete; filling them again', { found, expected });
    this.#source.setWatermark(this.#storeId, 0);
  }

  async #write(batch: readonly Observation[]): Promise<void> {
    try {
      this.#adjustBatch(await this.#chroma.add(batch.map((observation) => this.#document(observation))));
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      await this.#writeSingly(error);
      return;
    }
    this.#advance(batch);
  }

  /**
   * Finds and skips the document that Chroma refuses, so that it does not block all later ones. If Chroma refuses every
   * document, the cause is not the document.
   */
  async #writeSingly(refusal: ToolError): Promise<void> {
    const candidates = this.#source.observationsAfter(this.#watermark(), CANDIDATES);
    const refused: number[] = [];
    for (const observation of candidates) {
      try {
        await this.#chroma.add([this.#document(observation)]);
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
        refused.push(observation.id);
      }
    }
    if (refused.length === candidates.length) throw refusal;
    this.#dependencies.log.error('Chroma refused observations; only keyword search finds them', {
      ids: refused,
      error: refusal.message,
    });
    this.#advance(candidates);
  }

  #advance(written: readonly Observation[]): void {
    const last = written.at(-1);
    if (last !== undefined) this.#source.setWatermark(this.#storeId, last.id);
  }

  #adjustBatch({ added, workMs }: { readonly added: number; readonly workMs: number }): void {
    if (added === 0) return;
    const fitting = Math.floor((BATCH_MS * added) / workMs);
    // At most doubles: one quick batch may have contained only short texts.
    this.#batchSize = Math.max(SMALLEST_BATCH, Math.min(LARGEST_BATCH, fitting, this.#batchSize * 2));
  }

  #document(observation: Observation) {
    return toDocument(observation, this.#source.getSession(observation.sessionId)?.project ?? '');
  }

  #watermark(): number {
    return this.#source.watermark(this.#storeId);
  }

  #pending(): number {
    return this.#source.countObservationsAfter(this.#watermark());
  }
}
