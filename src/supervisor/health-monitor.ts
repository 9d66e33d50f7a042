import { connect } from 'node:net';
import type { Log } from '../operations/tree-ports.ts';

const CHECK_EVERY_MS = 5_000;
const MISSES_UNTIL_HUNG = 3;
const MAX_STATUS_LINE_CHARS = 1_024;

export interface HealthMonitorOptions {
  readonly log: Log;
  readonly onHung: () => void;
  /** From one check to the next, and how long an answer may take, in milliseconds. */
  readonly everyMs?: number;
}

/** Asks the worker's `/health` over its socket every 5 s; three misses in a row mean that it hangs. */
export class HealthMonitor {
  readonly #path: string;
  readonly #options: HealthMonitorOptions;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #misses = 0;
  #isStopped = false;

  /** @param path of the worker's socket. */
  constructor(path: string, options: HealthMonitorOptions) {
    this.#path = path;
    this.#options = options;
    this.#everyMs = options.everyMs ?? CHECK_EVERY_MS;
    this.#schedule(this.#everyMs);
  }

  get isHealthy(): boolean {
    return this.#misses === 0;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Timers run on the monotonic clock: a suspended machine misses no check, it only makes them later. */
  #schedule(inMs: number): void {
    this.#timer = setTimeout(() => void this.#check(), inMs);
  }

  async #check(): Promise<void> {
    const { log, onHung } = this.#options;
    const startedAt = performance.now();
    const hasAnswered = await answers(this.#path, this.#everyMs);
    if (this.#isStopped) return;
    this.#misses = hasAnswered ? 0 : this.#misses + 1;
    if (!hasAnswered) log.warn('the worker did not answer', { misses: this.#misses });
    if (this.#misses < MISSES_UNTIL_HUNG) {
      // A check that ran into its time has used up the pause.
      this.#schedule(Math.max(0, this.#everyMs - (performance.now() - startedAt)));
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
