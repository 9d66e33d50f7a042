import { get } from 'node:http';
import type { Log } from '../operations/tree-ports.ts';

const CHECK_EVERY_MS = 5_000;
const MISSES_UNTIL_HUNG = 3;

export interface HealthMonitorOptions {
  readonly log: Log;
  readonly onHung: () => void;
  /** From one check to the next, and how long an answer may take, in milliseconds. */
  readonly everyMs?: number;
}

/** Asks the worker's `/health` every 5 s; three misses in a row mean that it hangs. */
export class HealthMonitor {
  readonly #url: string;
  readonly #options: HealthMonitorOptions;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #misses = 0;
  #isStopped = false;

  constructor({ host, port }: { readonly host: string; readonly port: number }, options: HealthMonitorOptions) {
    this.#url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/health`;
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
    const hasAnswered = await answers(this.#url, this.#everyMs);
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

function answers(url: string, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { timeout: withinMs, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => {
      resolve(false);
    });
  });
}
