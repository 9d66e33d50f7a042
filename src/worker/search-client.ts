import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { Backoff } from '../shared/backoff.ts';
import { ChildTransport } from '../chroma/child-transport.ts';
import type { OwnedProcess } from '../chroma/owned-process.ts';
import { type SearchServerSpawn, spawnSearchServer } from './search-server-process.ts';
import { messageOf } from '../shared/errors.ts';

/**
 * `starting`: its first start is in progress. `answering`: it answered the last ping. `reconnecting`: it ended or does
 * not answer, and is being restarted. `closed`: permanently.
 */
export type SearchServerState = 'starting' | 'answering' | 'reconnecting' | 'closed';

export interface SearchServerStatus {
  readonly state: SearchServerState;
  readonly pid: number | null;
  /** Number of restarts. */
  readonly restarts: number;
}

export interface SearchClientOptions extends SearchServerSpawn {
  /** A process that is already running, for the first run. */
  readonly first?: OwnedProcess;
  readonly timing?: Partial<SearchClientTiming>;
}

/** In milliseconds. */
export interface SearchClientTiming {
  /** From spawn to the end of the handshake. */
  readonly connectMs: number;
  readonly pingEveryMs: number;
  readonly pingTimeoutMs: number;
  /** After this long in health, the restart delay is reset. */
  readonly healthyAfterMs: number;
}

const TIMING: SearchClientTiming = {
  connectMs: 10_000,
  pingEveryMs: 10_000,
  pingTimeoutMs: 5_000,
  healthyAfterMs: 30_000,
};
const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 15_000;
/** One missed ping may only mean that the machine was suspended. */
const MISSED_PINGS = 2;
const END_MS = 4_000;

/**
 * Keeps a search server running beside the worker and pings it as an MCP client. Runs one at a time: the next one
 * starts after the last one and all its children are gone, with growing delays if it keeps ending.
 */
export class SearchClient {
  readonly #options: SearchClientOptions;
  readonly #timing: SearchClientTiming;
  readonly #backoff = new Backoff({ firstMs: FIRST_RESTART_MS, longestMs: LONGEST_RESTART_MS });
  readonly #closing = new AbortController();
  readonly #firstAnswer: { readonly promise: Promise<void>; readonly resolve: () => void };
  #next: OwnedProcess | undefined;
  #process: OwnedProcess | undefined;
  #state: SearchServerState = 'starting';
  #restarts = 0;
  #running: Promise<void> | undefined;

  constructor(options: SearchClientOptions) {
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.#firstAnswer = openPromise();
    this.#next = options.first;
  }

  get status(): SearchServerStatus {
    return { state: this.#state, pid: this.#process?.pid ?? null, restarts: this.#restarts };
  }

  /** Resolves when the first attempt has succeeded or failed. */
  get firstAttempt(): Promise<void> {
    return this.#firstAnswer.promise;
  }

  start(): void {
    this.#running = this.#keepRunning();
  }

  /** Ends the search server and everything it started. The second call does nothing. */
  async close(withinMs: number): Promise<void> {
    this.#closing.abort();
    this.#state = 'closed';
    this.#firstAnswer.resolve();
    await Promise.all([this.#process?.end(withinMs), this.#next?.end(withinMs), this.#running]);
  }

  async #keepRunning(): Promise<void> {
    const { log } = this.#options.household;
    while (!this.#isClosed()) {
      const startedAt = performance.now();
      const reason = await this.#runOnce();
      if (this.#isClosed()) return;
      if (performance.now() - startedAt >= this.#timing.healthyAfterMs) this.#backoff.reset();
      const delayMs = this.#backoff.next();
      log.warn('restarting the search server', { reason, delayMs });
      this.#state = 'reconnecting';
      this.#restarts += 1;
      this.#firstAnswer.resolve();
      await pause(delayMs, this.#closing.signal);
    }
  }

  /** One run, from spawn to the proof that none of its processes is left. Never throws. @returns why it ended. */
  async #runOnce(): Promise<string> {
    const client = new Client({ name: 'claude-mem-worker', version: '1' });
    const over = new AbortController();
    try {
      const process = this.#next ?? spawnSearchServer(this.#options);
      this.#next = undefined;
      this.#process = process;
      void process.exited.then(() => {
        over.abort();
      });
      const signal = this.#closing.signal;
      await client.connect(new ChildTransport(process), { timeout: this.#timing.connectMs, signal });
      return await this.#watch(client, AbortSignal.any([signal, over.signal]));
    } catch (error) {
      return messageOf(error);
    } finally {
      await this.#process?.end(END_MS);
      await client.close();
      this.#process = undefined;
    }
  }

  /** Pings it until it ends or stops answering. */
  async #watch(client: Client, over: AbortSignal): Promise<string> {
    for (let missed = 0; missed < MISSED_PINGS;) {
      const answers = await client.ping({ timeout: this.#timing.pingTimeoutMs }).then(
        () => true,
        () => false,
      );
      if (over.aborted) return 'the search server ended';
      missed = answers ? 0 : missed + 1;
      if (answers) {
        this.#state = 'answering';
        this.#firstAnswer.resolve();
      }
      await pause(this.#timing.pingEveryMs, over);
    }
    return `the search server missed ${MISSED_PINGS} pings in a row`;
  }

  #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }
}

/** Returns early if the run is over. */
async function pause(ms: number, over: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: over }).catch(() => undefined);
}

function openPromise(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
