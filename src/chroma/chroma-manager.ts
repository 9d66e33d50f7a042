import { withTimeout } from '../shared/with-timeout.ts';
import { CallQueue, type Priority } from './call-queue.ts';
import { addDocuments, type CallTool, countDocuments, knownIds, nearestDocuments } from './collection.ts';
import type { ChromaConnection } from './connection.ts';
import type { ChromaDependencies } from './dependencies.ts';
import { connectionOf, leave, type ChromaState } from './chroma-state.ts';
import { ChromaFailure, ToolError } from './failure.ts';
import { launchChroma, prepareLaunch, requireParts } from './launch.ts';
import { RetryPolicy } from './retry-policy.ts';
import { type ChromaTiming, chromaTiming } from './timing.ts';
import { VectorsLease } from './vectors-lease.ts';
import type { VectorAnswer, VectorDocument, VectorQuery, VectorStatus, VectorStore } from './vector-index.ts';
import { messageOf } from '../shared/errors.ts';

export interface ChromaManagerOptions {
  /** See `collectionName`. */
  readonly collection: string;
  /** Chroma is closed after this many milliseconds without use; 0: never. */
  readonly idleMs: number;
  /** Called each time a Chroma is ready. */
  readonly onReady?: () => void;
  /** Whether documents wait to be written. Only then is a failed attempt repeated without a request. */
  readonly hasWork?: () => boolean;
  readonly timing?: Partial<ChromaTiming>;
}

/** How long a query waits to learn whether Chroma can start at all, in milliseconds. */
const NEWS_WAIT_MS = 30;
/**
 * A query that has waited longer than this for its turn is dropped, unless it may wait longer. In milliseconds. Its
 * caller has already answered by keyword; on a slow machine such queries would pile up and delay queries that are still
 * needed.
 */
const TURN_WITHIN_MS = 2_000;
const SHUTTING_DOWN = 'Chroma is shutting down';
/** Errors by which a running chroma-mcp reports that its server is gone. */
const SERVER_GONE = /connect|disconnected|timed? ?out|name or service not known|network is unreachable/i;

/**
 * Manages one Chroma for this process: starts it on demand, one attempt at a time with growing pauses after failures,
 * and closes it when idle. Holds the vectors only while Chroma starts or runs.
 */
export class ChromaManager implements VectorStore {
  readonly #dependencies: ChromaDependencies;
  readonly #options: ChromaManagerOptions;
  readonly #timing: ChromaTiming;
  readonly #lease: VectorsLease;
  readonly #retry: RetryPolicy;
  readonly #queue = new CallQueue();
  readonly #closing = new AbortController();
  #state: ChromaState = { name: 'asleep' };
  /** Ends of released connections; no new one opens before they are done. */
  #ending: Promise<void> = Promise.resolve();

  constructor(dependencies: ChromaDependencies, options: ChromaManagerOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
    this.#timing = chromaTiming(dependencies.env, options.timing);
    this.#lease = new VectorsLease(dependencies);
    this.#retry = new RetryPolicy({
      timing: this.#timing,
      now: () => this.#now(),
      onRetry: () => {
        this.#resume();
      },
      log: dependencies.log,
    });
  }

  get wrapperPid(): number | undefined {
    return connectionOf(this.#state)?.wrapperPid;
  }

  get pythonPid(): number | undefined {
    return connectionOf(this.#state)?.pythonPid;
  }

  /** Starts Chroma if that is possible now. Does not wait. */
  wake(): void {
    // The cause of a failure is in the status and in the answer to the next query.
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
      if (matches === 'busy') return { available: false, reason: 'Chroma is busy with earlier calls' };
      return matches === undefined
        ? { available: false, reason: `Chroma did not answer within ${this.#timing.queryMs / 1000} s` }
        : { available: true, matches };
    } catch (error) {
      return { available: false, reason: this.#reasonOf(error) };
    }
  }

  async add(documents: readonly VectorDocument[]): Promise<{ added: number; workMs: number }> {
    await this.#ready(0);
    return await this.#call('write', this.#timing.callMs, async (call) => {
      // Measured from here: the query may have waited for its turn.
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
    const state = this.#state;
    if (state.name === 'closed') return { state: 'closed', reason: SHUTTING_DOWN };
    if (state.name === 'ready') return { state: 'ready', reason: null };
    if (state.name === 'starting') return { state: 'starting', reason: this.#startingReason() };
    const failure = this.#missingPart() ?? this.#retry.lastingFailure;
    if (failure === undefined) return { state: 'asleep', reason: null };
    return { state: failure.kind === 'off' ? 'off' : 'unavailable', reason: this.#retry.describe(failure) };
  }

  /** Ends the running Chroma. The next request or waiting document starts another one, after the pause. */
  async recycle(reason: string, restMs = 0): Promise<void> {
    this.#dependencies.log.info('recycling Chroma', { reason, restMs });
    this.#retry.rest(restMs);
    if (restMs > 0) this.#retry.note(new ChromaFailure('over-limit', reason));
    await this.#release();
    if (restMs === 0) this.#resume();
  }

  async close(withinMs: number): Promise<void> {
    this.#closing.abort();
    this.#retry.stop();
    const state = this.#state;
    const opening = state.name === 'starting' ? state.opening : undefined;
    // A Chroma that is just starting is ended by its own start, which sees the aborted signal.
    const gone = state.name === 'closed' ? state.gone : Promise.allSettled([opening, this.#release(withinMs)]);
    this.#enter({ name: 'closed', gone });
    await withTimeout(withinMs, gone);
  }

  /** @throws ChromaFailure immediately if no Chroma runs and none may start now. */
  #open(): Promise<ChromaConnection> {
    if (this.#state.name === 'ready') return Promise.resolve(this.#state.connection);
    if (this.#state.name === 'starting') return this.#state.opening;
    const failure = this.#obstacle();
    if (failure !== undefined) return Promise.reject(failure);
    const opening = this.#start();
    this.#enter({ name: 'starting', opening, isFetching: false });
    return opening;
  }

  async #start(): Promise<ChromaConnection> {
    try {
      await this.#ending;
      const startedAt = this.#now();
      prepareLaunch(this.#dependencies);
      await this.#lease.take();
      const claimedAt = this.#now();
      const connection = await launchChroma(this.#dependencies, {
        timing: this.#timing,
        signal: this.#closing.signal,
        onFetching: () => {
          if (this.#state.name === 'starting') this.#state.isFetching = true;
        },
      });
      if (this.#closing.signal.aborted) {
        await connection.end(this.#timing.endMs);
        throw new ChromaFailure('closed', 'closed while Chroma was starting');
      }
      this.#adopt(connection, { claimMs: claimedAt - startedAt, connectMs: this.#now() - claimedAt });
      return connection;
    } catch (error) {
      this.#lease.release();
      const failure = toFailure(error);
      this.#retry.note(failure);
      if (this.#state.name === 'starting') this.#enter({ name: 'asleep' });
      throw failure;
    }
  }

  #adopt(connection: ChromaConnection, took: StartTimes): void {
    const { log } = this.#dependencies;
    const { wrapperPid, pythonPid } = connection;
    this.#enter({ name: 'ready', connection, readyAt: this.#now() });
    this.#retry.succeeded();
    void connection.ended.then((failure) => {
      this.#lose(connection, failure);
    });
    log.info('Chroma is ready', {
      ...{ wrapperPid, pythonPid },
      claimMs: Math.round(took.claimMs),
      connectMs: Math.round(took.connectMs),
    });
    this.#touch();
    this.#options.onReady?.();
  }

  /** Ends a failed connection and schedules the next one. */
  #lose(connection: ChromaConnection, failure: ChromaFailure): void {
    if (this.#state.name !== 'ready' || this.#state.connection !== connection) return;
    this.#retry.ranFor(this.#now() - this.#state.readyAt);
    void this.#release();
    this.#retry.note(failure);
  }

  async #release(withinMs = this.#timing.endMs): Promise<void> {
    const connection = connectionOf(this.#state);
    if (connection !== undefined) {
      this.#enter({ name: 'asleep' });
      this.#ending = this.#end(connection, withinMs);
    }
    await this.#ending;
  }

  async #end(connection: ChromaConnection, withinMs: number): Promise<void> {
    const survivors = await connection.end(withinMs);
    if (survivors.length > 0) this.#dependencies.log.error('could not end Chroma', { pids: survivors });
    this.#lease.release();
  }

  /** Restarts only if documents wait; otherwise the next request does. */
  #resume(): void {
    if (this.#options.hasWork?.() === true) this.wake();
  }

  async #ready(waitMs: number): Promise<void> {
    if (this.#state.name === 'ready') return;
    const opened = await withTimeout(Math.max(waitMs, NEWS_WAIT_MS), this.#open());
    if (opened === undefined) throw new ChromaFailure('broken', this.#startingReason());
  }

  #call<Result>(priority: Priority, deadlineMs: number, work: (call: CallTool) => Promise<Result>): Promise<Result> {
    return this.#queue.run(priority, async () => {
      const connection = connectionOf(this.#state);
      if (connection === undefined) throw this.#retry.failure ?? new ChromaFailure('closed', 'Chroma was closed');
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

  /** The failure of the connection; undefined if the error affects only one call. */
  #asLoss(error: unknown): ChromaFailure | undefined {
    if (error instanceof ChromaFailure) return error;
    const isRemote = this.#dependencies.settings.chromaMode === 'remote';
    if (!isRemote || !(error instanceof ToolError) || !SERVER_GONE.test(error.message)) return undefined;
    return new ChromaFailure('no-server', 'the Chroma server does not answer', error);
  }

  #touch(): void {
    const { idleMs } = this.#options;
    const state = this.#state;
    if (idleMs === 0 || state.name !== 'ready') return;
    clearTimeout(state.idleTimer);
    state.idleTimer = setTimeout(() => {
      this.#dependencies.log.info('closing idle Chroma', { idleMs });
      void this.#release();
    }, idleMs).unref();
  }

  /** Why no attempt may be made now. */
  #obstacle(): ChromaFailure | undefined {
    if (this.#state.name === 'closed') return new ChromaFailure('closed', SHUTTING_DOWN);
    return this.#retry.obstacle ?? this.#missingPart();
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
    return error instanceof ChromaFailure ? this.#retry.describe(error) : `Chroma failed: ${String(error)}`;
  }

  #startingReason(): string {
    return this.#state.name === 'starting' && this.#state.isFetching
      ? "downloading Chroma's packages (first use only)"
      : 'Chroma is starting';
  }

  /** The only code that changes the state. `closed` is never left. */
  #enter(next: ChromaState): void {
    if (this.#state.name === 'closed') return;
    leave(this.#state);
    this.#state = next;
  }

  #now(): number {
    return this.#dependencies.processes.clock.now();
  }
}

/** In milliseconds. */
interface StartTimes {
  /** To get the vectors, including the search for processes that use them. */
  readonly claimMs: number;
  /** From the spawn to the end of the handshake. */
  readonly connectMs: number;
}

function toFailure(error: unknown): ChromaFailure {
  if (error instanceof ChromaFailure) return error;
  return new ChromaFailure('broken', messageOf(error), error);
}
