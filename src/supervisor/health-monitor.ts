import { connect } from 'node:net';
import type { Log } from '../shared/log.ts';

const CHECK_EVERY_MS = 5_000;
const MISSES_UNTIL_HUNG = 3;
const MAX_STATUS_LINE_CHARS = 1_024;
/**
 * Share of the interval. A check later than this means that the supervisor itself was delayed, so it says nothing about
 * the worker.
 */
const OWN_DELAY = 0.2;

export interface HealthMonitorOptions {
  readonly log: Log;
  readonly onHung: () => void;
  /** Interval between checks, in milliseconds. */
  readonly everyMs?: number;
}

/**
 * Looks for a sign of life every 5 s: a `/health` answer over the worker's socket, however late, or a report of any
 * answered request. Three intervals in a row without a sign mean that the worker hangs. A worker under load answers
 * other requests first, so one unanswered question proves nothing; a blocked event loop gives neither sign.
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

  /** @param path path of the worker's socket. */
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

  /** The worker reports that it answered a request. */
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
    // Timers use the monotonic clock, which stops while the machine is suspended.
    const dueAt = performance.now() + this.#everyMs;
    this.#timer = setTimeout(() => {
      const ownDelayMs = performance.now() - dueAt;
      // If this process itself was frozen, the answer is already in the socket and is read before an immediate runs.
      setImmediate(() => {
        this.#endInterval(ownDelayMs);
      });
    }, this.#everyMs);
  }

  /**
   * Asks one question at a time and waits until the worker would count as hung, because a late answer is a sign of life
   * too.
   */
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
 * Only the status matters, so this uses a bare socket: Node's HTTP client would add a thirtieth to the memory of this
 * process.
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
