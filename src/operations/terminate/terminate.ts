import type { ProcessRow } from '../../core/process/snapshot.ts';
import type { BindRefusal, BoundProcess, Clock, Signal, Signaller } from '../ports/process.ts';

export type OutcomeKind = 'exited' | 'killed' | 'already-gone' | 'pid-reused' | 'permission-denied' | 'survived';

/** What became of one process. */
export interface Outcome {
  readonly pid: number;
  readonly outcome: OutcomeKind;
  /** The last signal it was sent; null if none was. */
  readonly signal: Signal | null;
  /** From the first signal of the pass until it was seen gone, or until it was given up. */
  readonly elapsedMs: number;
}

export interface TerminationTarget {
  readonly row: ProcessRow;
  /** The verdict rests on the command line, so it is compared again next to every signal. */
  readonly restsOnCommand: boolean;
}

export interface TerminationOptions {
  /** Between SIGTERM and SIGKILL, one period for all, in milliseconds. */
  readonly graceMs: number;
  /** Aborted by a first Ctrl-C: waits out the grace period, but kills nobody. */
  readonly interrupted?: AbortSignal;
  /** Aborted by a second Ctrl-C: what is left is killed at once. */
  readonly forced?: AbortSignal;
  readonly onProgress?: (progress: { readonly gone: number; readonly total: number }) => void;
  /** Called when the grace period was not enough, while what is about to be killed still shows what it has started. Never rejects. */
  readonly beforeKill?: () => Promise<void>;
}

/** How long a killed process may take to go, in milliseconds; one in uninterruptible sleep stays longer and is reported. */
export const KILL_WAIT_MS = 2_000;

const FIRST_POLL_MS = 2;
const LONGEST_POLL_MS = 50;

/** Ends processes: all are asked in one pass, share one grace period, and those left are killed. Never throws for a single one. */
export async function terminate(
  targets: readonly TerminationTarget[],
  { signaller, clock }: { readonly signaller: Signaller; readonly clock: Clock },
  options: TerminationOptions,
): Promise<readonly Outcome[]> {
  const endings = targets.map((target) => new Ending(target, signaller, clock));
  try {
    for (const ending of endings) ending.send('SIGTERM');
    await waitUntilGone(endings, clock, options.graceMs, options);
    if (options.interrupted?.aborted !== true || options.forced?.aborted === true) {
      if (endings.some((ending) => ending.isRunning())) await options.beforeKill?.();
      for (const ending of endings) ending.send('SIGKILL');
      await waitUntilGone(endings, clock, KILL_WAIT_MS, { onProgress: options.onProgress });
    }
    return endings.map((ending) => ending.outcome());
  } finally {
    for (const ending of endings) ending.close();
  }
}

async function waitUntilGone(
  endings: readonly Ending[],
  clock: Clock,
  limitMs: number,
  {
    forced,
    onProgress,
  }: Pick<TerminationOptions, 'forced'> & { onProgress?: TerminationOptions['onProgress'] | undefined },
): Promise<void> {
  const deadline = clock.now() + limitMs;
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_POLL_MS)) {
    const running = endings.filter((ending) => ending.isRunning());
    onProgress?.({ gone: endings.length - running.length, total: endings.length });
    const leftMs = deadline - clock.now();
    if (running.length === 0 || leftMs <= 0 || forced?.aborted === true) return;
    await clock.sleep(Math.min(pauseMs, leftMs));
  }
}

/** One process on its way out. */
class Ending {
  readonly #pid: number;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #bound: BoundProcess | undefined;
  #signal: Signal | null = null;
  #settled: { outcome: OutcomeKind; at: number } | undefined;

  constructor({ row, restsOnCommand }: TerminationTarget, signaller: Signaller, clock: Clock) {
    this.#pid = row.pid;
    this.#clock = clock;
    this.#startedAt = clock.now();
    const bound = signaller.bind(row, { compareCommand: restsOnCommand });
    if (typeof bound === 'string') this.#settle(OUTCOME_OF[bound]);
    else this.#bound = bound;
  }

  send(signal: Signal): void {
    if (this.#bound === undefined || !this.isRunning()) return;
    const result = this.#bound.signal(signal);
    if (result === 'sent') this.#signal = signal;
    // It needs none, and has not been seen gone yet.
    else if (result === 'exiting') return;
    // It was there when it was bound: its wrapper, asked a moment ago, may have taken it along.
    else if (result === 'gone') this.#settle(this.#end());
    else this.#settle(OUTCOME_OF[result]);
  }

  isRunning(): boolean {
    if (this.#settled !== undefined || this.#bound === undefined) return false;
    if (this.#bound.state() !== 'gone') return true;
    this.#settle(this.#end());
    return false;
  }

  outcome(): Outcome {
    const { outcome, at } = this.#settled ?? { outcome: 'survived', at: this.#clock.now() };
    return { pid: this.#pid, outcome, signal: this.#signal, elapsedMs: Math.round(at - this.#startedAt) };
  }

  close(): void {
    this.#bound?.close();
  }

  #end(): OutcomeKind {
    return this.#signal === 'SIGKILL' ? 'killed' : 'exited';
  }

  #settle(outcome: OutcomeKind): void {
    this.#settled = { outcome, at: this.#clock.now() };
  }
}

const OUTCOME_OF = {
  gone: 'already-gone',
  different: 'pid-reused',
  // Not knowing who it is refuses the signal, so it lives on.
  unknown: 'survived',
  'permission-denied': 'permission-denied',
} as const satisfies Record<BindRefusal, OutcomeKind>;
