import { connect } from 'node:net';
import type { Log } from '../shared/log.ts';

const CHECK_EVERY_MS = 5_000;
const MISSES_UNTIL_HUNG = 3;
const MAX_STATUS_LINE_CHARS = 1_024;
/** A check that is this part of its interval late says that this process got no turn, and nothing about the worker. */
const OWN_DELAY = 0.2;

export interface HealthMonitorOptions {
  readonly log: Log;
  readonly onHung: () => void;
  /** From one check to the next, in milliseconds. */
  readonly everyMs?: number;
}

/**
 * Looks every 5 s for a sign of work: an answer of `/health` over its socket, however late, or any request that the worker says it has answered. Three
 * intervals in a row without a sign mean that the worker hangs. A worker under load answers others first, so an unanswered question
 * alone proves nothing; a blocked event loop gives neither sign.
 */
export class HealthMonitor {
  readonly #path: string;
  readonly #options: HealthMonitorOptions;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #misses = 0;
  #hasSign = false;
  #isAsking = false;
  #isStopped = false;

  /** @param path of the worker's socket. */
  constructor(path: string, options: HealthMonitorOptions) {
    this.#path = path;
    this.#options = options;
    this.#everyMs = options.everyMs ?? CHECK_EVERY_MS;
    this.#timer = setTimeout(() => {
      this.#beginInterval();
    }, this.#everyMs);
  }

  get isHealthy(): boolean {
    return this.#misses === 0;
  }

  /** The worker has answered somebody. */
  noteProgress(): void {
    this.#hasSign = true;
    this.#misses = 0;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #beginInterval(): void {
    if (this.#isStopped) return;
    this.#hasSign = false;
    if (!this.#isAsking) void this.#ask();
    // Timers run on the monotonic clock, which stands still while the machine is suspended.
    const dueAt = performance.now() + this.#everyMs;
    this.#timer = setTimeout(() => {
      const ownDelayMs = performance.now() - dueAt;
      // If this process itself was frozen, the answer waits in the socket, and is read before an immediate runs.
      setImmediate(() => {
        this.#endInterval(ownDelayMs);
      });
    }, this.#everyMs);
  }

  /** One question at a time, which stays open for as long as it takes to call the worker hung: a late answer is a sign too. */
  async #ask(): Promise<void> {
    this.#isAsking = true;
    const hasAnswered = await answers(this.#path, this.#everyMs * MISSES_UNTIL_HUNG);
    this.#isAsking = false;
    if (hasAnswered) this.noteProgress();
  }

  #endInterval(ownDelayMs: number): void {
    if (this.#isStopped) return;
    const { log, onHung } = this.#options;
    if (!this.#hasSign && ownDelayMs <= this.#everyMs * OWN_DELAY) {
      this.#misses += 1;
      log.warn('the worker did not answer', { misses: this.#misses });
    }
    if (this.#misses < MISSES_UNTIL_HUNG) {
      this.#beginInterval();
      return;
    }
    log.error('the worker hangs; restarting it');
    this.stop();
    onHung();
  }
}

/**
 * Only the status is of interest, so this is spoken over a bare socket: Node's HTTP client would be a thirtieth of the memory of this
 * process, which is there to be small.
 */
function answers(path: string, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const timer = setTimeout(() => socket.destroy(), withinMs);
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('connect', () => {
      socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    });
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (answer.includes('\r\n') || answer.length > MAX_STATUS_LINE_CHARS) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(/^HTTP\/1\.\d 200\b/.test(answer));
    });
  });
}
