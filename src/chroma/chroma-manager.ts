import { Backoff } from '../shared/backoff.ts';
import { withTimeout } from '../shared/with-timeout.ts';
import { CallQueue, type Priority } from './call-queue.ts';
import { addDocuments, type CallTool, countDocuments, knownIds, nearestDocuments } from './collection.ts';
import type { ChromaConnection } from './connection.ts';
import type { ChromaDependencies } from './dependencies.ts';
import { ChromaFailure, type FailureKind, ToolError } from './failure.ts';
import { launchChroma, requireParts } from './launch.ts';
import { type ChromaTiming, chromaTiming } from './timing.ts';
import { VectorsLease } from './vectors-lease.ts';
import type { VectorAnswer, VectorDocument, VectorQuery, VectorStatus, VectorStore } from './vector-index.ts';
import { messageOf } from '../shared/errors.ts';

export interface OwnChromaOptions {
  /** See `collectionName`. */
  readonly collection: string;
  /** Closed after so long without use, in milliseconds; 0: never. */
  readonly idleMs: number;
  /** Called each time a Chroma is there and answers. */
  readonly onReady?: () => void;
  /** Whether something waits to be written: only then a failed attempt is repeated without anybody asking. */
  readonly hasWork?: () => boolean;
  readonly timing?: Partial<ChromaTiming>;
}

/** A query waits so long for the news whether Chroma can start at all, in milliseconds. */
const NEWS_WAIT_MS = 30;
/**
 * A query whose turn has not come by then is not asked any more, unless it may wait longer, in milliseconds: whoever waited for it has gone on by keyword, and on a
 * machine that is slow for a while such queries would pile up and never leave the turn to one that is waited for.
 */
const TURN_WITHIN_MS = 2_000;
/** Found out by a few file lookups, so asked again at every need. */
const CHEAP_FAILURES: ReadonlySet<FailureKind> = new Set(['off', 'closed', 'no-uvx', 'no-model']);
/** How a server that went away shows in the answers of a chroma-mcp that is still there. */
const SERVER_GONE = /connect|disconnected|timed? ?out|name or service not known|network is unreachable/i;

/**
 * A Chroma of this process's own: started at the first need, one attempt at a time, ever more rarely while it fails, closed when idle.
 * It holds the vectors only while it starts or runs.
 */
export class ChromaManager implements VectorStore {
  readonly #dependencies: ChromaDependencies;
  readonly #options: OwnChromaOptions;
  readonly #timing: ChromaTiming;
  readonly #lease: VectorsLease;
  readonly #backoff: Backoff;
  readonly #queue = new CallQueue();
  readonly #closing = new AbortController();
  #connection: ChromaConnection | undefined;
  #opening: Promise<ChromaConnection> | undefined;
  /** Ends of connections that were let go of; no other is opened before. */
  #ending: Promise<void> = Promise.resolve();
  #isFetching = false;
  #failure: ChromaFailure | undefined;
  #readyAt = 0;
  #retryAt = 0;
  /** None is started before, whatever else may be tried again. */
  #restUntil = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;

  constructor(dependencies: ChromaDependencies, options: OwnChromaOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
    this.#timing = chromaTiming(dependencies.env, options.timing);
    this.#lease = new VectorsLease(dependencies);
    const { firstRetryMs, longestRetryMs } = this.#timing;
    this.#backoff = new Backoff({ firstMs: firstRetryMs, longestMs: longestRetryMs });
  }

  get wrapperPid(): number | undefined {
    return this.#connection?.wrapperPid;
  }

  get pythonPid(): number | undefined {
    return this.#connection?.pythonPid;
  }

  /** Starts it if it may be started now. Returns at once. */
  wake(): void {
    // Why it failed is in the status, and in the answer to the next query.
    void this.#open().catch(() => undefined);
  }

  async query(query: VectorQuery): Promise<VectorAnswer> {
    try {
      await this.#ready(query.waitMs ?? 0);
      const turnUntil = this.#now() + Math.max(TURN_WITHIN_MS, query.waitMs ?? 0);
      const asked = this.#call('query', this.#timing.queryMs, async (call) => {
        if (this.#now() > turnUntil) return 'busy';
        return await nearestDocuments(call, this.#options.collection, query);
      });
      const matches = await withTimeout(this.#timing.queryMs, asked);
      if (matches === 'busy') return { available: false, reason: 'Chroma is busy' };
      return matches === undefined
        ? { available: false, reason: `Chroma gave no answer within ${this.#timing.queryMs / 1000} s` }
        : { available: true, matches };
    } catch (error) {
      return { available: false, reason: this.#reasonOf(error) };
    }
  }

  async add(documents: readonly VectorDocument[]): Promise<{ added: number; workMs: number }> {
    await this.#ready(0);
    return await this.#call('write', this.#timing.callMs, async (call) => {
      // From here on, not from the question: it may have waited for its turn.
      const startedAt = this.#now();
      const ids = documents.map(({ id }) => id);
      const known = await knownIds(call, this.#options.collection, ids);
      const fresh = documents.filter(({ id }) => !known.has(id));
      if (fresh.length > 0) await addDocuments(call, this.#options.collection, fresh);
      return { added: fresh.length, workMs: this.#now() - startedAt };
    });
  }

  async count(): Promise<number> {
    await this.#ready(0);
    return await this.#call('write', this.#timing.callMs, (call) => countDocuments(call, this.#options.collection));
  }

  status(): VectorStatus {
    if (this.#closing.signal.aborted) return { state: 'closed', reason: 'it is shutting down' };
    if (this.#connection !== undefined) return { state: 'ready', reason: null };
    if (this.#opening !== undefined) return { state: 'starting', reason: this.#startingReason() };
    const failure = this.#currentFailure();
    if (failure === undefined) return { state: 'asleep', reason: null };
    return { state: failure.kind === 'off' ? 'off' : 'unavailable', reason: this.#describe(failure) };
  }

  /** Ends the running Chroma; the next need, or what waits to be written, starts another one, but not before the rest is over. */
  async recycle(reason: string, restMs = 0): Promise<void> {
    this.#dependencies.log.info('recycling Chroma', { reason, restMs });
    this.#restUntil = this.#now() + restMs;
    if (restMs > 0) this.#failed(new ChromaFailure('over-limit', reason));
    await this.#letGo();
    if (restMs === 0) this.#resume();
  }

  async close(withinMs: number): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#retryTimer);
    // One that is just starting is ended by its own opening, which hears of it through the signal.
    await withTimeout(withinMs, Promise.allSettled([this.#opening, this.#letGo(withinMs)]));
  }

  /** @throws ChromaFailure at once if there is none and none may be started now. */
  #open(): Promise<ChromaConnection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    if (this.#opening !== undefined) return this.#opening;
    const failure = this.#obstacle();
    if (failure !== undefined) return Promise.reject(failure);
    this.#opening = this.#start();
    return this.#opening;
  }

  async #start(): Promise<ChromaConnection> {
    try {
      await this.#ending;
      await this.#lease.take();
      const connection = await launchChroma(this.#dependencies, {
        timing: this.#timing,
        signal: this.#closing.signal,
        onFetching: () => {
          this.#isFetching = true;
        },
      });
      if (this.#closing.signal.aborted) {
        await connection.end(this.#timing.endMs);
        throw new ChromaFailure('closed', 'closed while Chroma was starting');
      }
      this.#adopt(connection);
      return connection;
    } catch (error) {
      this.#lease.release();
      const failure = toFailure(error);
      this.#failed(failure);
      throw failure;
    } finally {
      this.#opening = undefined;
      this.#isFetching = false;
    }
  }

  #adopt(connection: ChromaConnection): void {
    const { log } = this.#dependencies;
    this.#connection = connection;
    this.#failure = undefined;
    this.#readyAt = this.#now();
    void connection.ended.then((failure) => {
      this.#lose(connection, failure);
    });
    log.info('Chroma is ready', { wrapperPid: connection.wrapperPid, pythonPid: connection.pythonPid });
    this.#touch();
    this.#options.onReady?.();
  }

  /** A connection that went wrong: ended, and the next one waits. */
  #lose(connection: ChromaConnection, failure: ChromaFailure): void {
    if (this.#connection !== connection) return;
    if (this.#now() - this.#readyAt >= this.#timing.healthyMs) this.#backoff.reset();
    void this.#letGo();
    this.#failed(failure);
  }

  async #letGo(withinMs = this.#timing.endMs): Promise<void> {
    const connection = this.#connection;
    clearTimeout(this.#idleTimer);
    if (connection !== undefined) {
      this.#connection = undefined;
      this.#ending = this.#end(connection, withinMs);
    }
    await this.#ending;
  }

  async #end(connection: ChromaConnection, withinMs: number): Promise<void> {
    const survivors = await connection.end(withinMs);
    if (survivors.length > 0) this.#dependencies.log.error('Chroma could not be ended', { pids: survivors });
    this.#lease.release();
  }

  #failed(failure: ChromaFailure): void {
    this.#failure = failure;
    if (CHEAP_FAILURES.has(failure.kind)) return;
    const pauseMs = Math.max(this.#pauseAfter(failure), this.#restUntil - this.#now());
    this.#retryAt = this.#now() + pauseMs;
    this.#dependencies.log.warn('no Chroma', { reason: failure.message, nextAttemptInMs: pauseMs });
    clearTimeout(this.#retryTimer);
    if (this.#closing.signal.aborted) return;
    this.#retryTimer = setTimeout(() => {
      // A timer may fire a fraction of a millisecond early by the clock, and this is the only one there is.
      this.#retryAt = 0;
      this.#resume();
    }, pauseMs).unref();
  }

  #pauseAfter({ kind }: ChromaFailure): number {
    if (kind === 'over-limit') return 0;
    return kind === 'owned' ? this.#timing.ownedRetryMs : this.#backoff.next();
  }

  /** What waits to be written goes on by itself; for anything else the next need is soon enough. */
  #resume(): void {
    if (this.#options.hasWork?.() === true) this.wake();
  }

  async #ready(waitMs: number): Promise<void> {
    if (this.#connection !== undefined) return;
    const opened = await withTimeout(Math.max(waitMs, NEWS_WAIT_MS), this.#open());
    if (opened === undefined) throw new ChromaFailure('broken', this.#startingReason());
  }

  #call<Result>(priority: Priority, deadlineMs: number, work: (call: CallTool) => Promise<Result>): Promise<Result> {
    return this.#queue.run(priority, async () => {
      const connection = this.#connection;
      if (connection === undefined) throw this.#failure ?? new ChromaFailure('closed', 'Chroma was closed');
      this.#touch();
      try {
        return await work((tool, args) => connection.call(tool, args, deadlineMs));
      } catch (error) {
        const failure = this.#asLoss(error);
        if (failure !== undefined) this.#lose(connection, failure);
        throw failure ?? error;
      } finally {
        this.#touch();
      }
    });
  }

  /** What makes the connection useless; undefined for an error that concerns one call alone. */
  #asLoss(error: unknown): ChromaFailure | undefined {
    if (error instanceof ChromaFailure) return error;
    const isRemote = this.#dependencies.settings.chromaMode === 'remote';
    if (!isRemote || !(error instanceof ToolError) || !SERVER_GONE.test(error.message)) return undefined;
    return new ChromaFailure('no-server', 'the Chroma server does not answer', error);
  }

  #touch(): void {
    clearTimeout(this.#idleTimer);
    const { idleMs } = this.#options;
    if (idleMs === 0 || this.#connection === undefined) return;
    this.#idleTimer = setTimeout(() => {
      this.#dependencies.log.info('closing Chroma, which was not used', { idleMs });
      void this.#letGo();
    }, idleMs).unref();
  }

  /** Why no attempt may be made now. */
  #obstacle(): ChromaFailure | undefined {
    if (this.#closing.signal.aborted) return new ChromaFailure('closed', 'it is shutting down');
    if (this.#retryAt > this.#now() && this.#failure !== undefined) return this.#failure;
    return this.#missingPart();
  }

  #currentFailure(): ChromaFailure | undefined {
    const isStale = this.#failure !== undefined && CHEAP_FAILURES.has(this.#failure.kind);
    return this.#missingPart() ?? (isStale ? undefined : this.#failure);
  }

  #missingPart(): ChromaFailure | undefined {
    try {
      requireParts(this.#dependencies);
      return undefined;
    } catch (error) {
      return toFailure(error);
    }
  }

  #reasonOf(error: unknown): string {
    return error instanceof ChromaFailure ? this.#describe(error) : `Chroma failed: ${String(error)}`;
  }

  #describe(failure: ChromaFailure): string {
    const waitMs = this.#retryAt - this.#now();
    if (failure !== this.#failure || waitMs <= 0) return failure.message;
    return `${failure.message}; next attempt in ${Math.ceil(waitMs / 1000)} s at the earliest`;
  }

  #startingReason(): string {
    return this.#isFetching ? "Chroma's packages are being fetched, once" : 'Chroma is starting';
  }

  #now(): number {
    return this.#dependencies.processes.clock.now();
  }
}

function toFailure(error: unknown): ChromaFailure {
  if (error instanceof ChromaFailure) return error;
  return new ChromaFailure('broken', messageOf(error), error);
}
