import { withTimeout } from '../shared/with-timeout.ts';
import type { Observation } from '../memory/records.ts';
import type { SessionStore } from '../memory/session-store.ts';
import type { ChromaDependencies } from './dependencies.ts';
import { collectionName, toDocument } from './document.ts';
import { ToolError } from './failure.ts';
import { ChromaManager } from './chroma-manager.ts';
import type { ChromaTiming } from './timing.ts';
import type { VectorAnswer, VectorIndex, VectorQuery, VectorStatus } from './vector-index.ts';

/** What ChromaSync reads and remembers in SQLite; `SessionStore` is one. */
export type ObservationSource = Pick<
  SessionStore,
  'databaseId' | 'observationsAfter' | 'countObservationsAfter' | 'counts' | 'getSession' | 'watermark' | 'setWatermark'
>;

export interface ChromaSyncStatus extends VectorStatus {
  /** Observations that are in SQLite and not yet among the vectors. */
  readonly pending: number;
  /** Pids of what runs now. */
  readonly wrapperPid: number | null;
  readonly pythonPid: number | null;
}

/** A query waits for one batch at most, in milliseconds. */
const BATCH_MS = 250;
/** Chroma loads its model anew for each call, some 150 ms, and takes 40 ms a document: fewer would be nothing but loading. */
const SMALLEST_BATCH = 3;
const LARGEST_BATCH = 50;
/** So many are tried one by one after a refusal: more than are ever refused in a row. */
const CANDIDATES = 10;

/** Keeps the vectors in step with SQLite, and answers queries from them. */
export class ChromaSync implements VectorIndex {
  readonly #source: ObservationSource;
  readonly #dependencies: ChromaDependencies;
  readonly #chroma: ChromaManager;
  /** Whose watermark it is. */
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

  /** A session began or goes on: starts Chroma if it sleeps. Returns at once. */
  wake(): void {
    this.#chroma.wake();
  }

  /** Observations were committed: writes them soon, and starts Chroma if it sleeps. Returns at once. */
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
   * Ends the running Chroma, if there is one, and lets the next need start another after `restMs` milliseconds: for one that grew over
   * its limits. What it was writing is written again by the next one.
   */
  recycle(reason: string, restMs = 0): Promise<void> {
    return this.#chroma.recycle(reason, restMs);
  }

  /** Ends Chroma first, then gives up the vectors. What is not among the vectors yet is backfilled next time. */
  async close(withinMs: number): Promise<void> {
    // The batch under way fails with the connection; the database is not touched after this.
    await withTimeout(withinMs, Promise.all([this.#chroma.close(withinMs), this.#filling]));
  }

  /** One run at a time; it goes on until nothing is left, so what is committed meanwhile is in it. */
  #fill(): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    this.#filling = this.#fillUp().catch((error: unknown) => {
      // After a lost connection onReady begins anew; after a refusal the next observation does.
      this.#dependencies.log.warn('filling the vectors was broken off', { error: String(error) });
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
      // In the same turn as the last look into SQLite: nothing is committed in between.
      this.#isFilling = false;
    }
  }

  /** Vectors that were deleted, or restored from a backup, hold less than the watermark says. */
  async #verify(): Promise<void> {
    const watermark = this.#watermark();
    const expected = this.#source.counts().observations - this.#source.countObservationsAfter(watermark);
    const found = await this.#chroma.count();
    this.#isVerified = true;
    if (found >= expected) return;
    this.#dependencies.log.warn('the vectors are incomplete and are filled again', { found, expected });
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
   * Finds the one that Chroma refuses. It is left out, lest it hold up all that come after; if Chroma takes none at all, it is not the
   * document that is wrong.
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
    this.#dependencies.log.error('Chroma refused observations; they are found by keyword only', {
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
    // At most doubled: one quick batch may have been of short texts.
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
