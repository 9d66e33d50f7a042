import type { ProcessRow } from '../../core/process/snapshot.ts';
import type { BindRefusal, BoundProcess, Clock, Signal, Signaller } from '../ports/process.ts';

export type OutcomeKind = 'exited' | 'killed' | 'already-gone' | 'pid-reused' | 'permission-denied' | 'survived';

/** The result for one process. */
export interface Outcome {
  readonly pid: number;
  readonly outcome: OutcomeKind;
  /** The last signal sent; null if none was. */
  readonly signal: Signal | null;
  /** Milliseconds from the first signal of the pass until the process was seen gone or the pass gave up. */
  readonly elapsedMs: number;
}

export interface TerminationTarget {
  readonly row: ProcessRow;
  /** The verdict rests on the command line, so the command line is compared again right before every signal. */
  readonly restsOnCommand: boolean;
}

export interface TerminationOptions {
  /** Between SIGTERM and SIGKILL, in milliseconds; shared by all targets. */
  readonly graceMs: number;
  /** Aborted by a first Ctrl-C: waits for the end of the grace period, but kills no process. */
  readonly interrupted?: AbortSignal;
  /** Aborted by a second Ctrl-C: kills the remaining processes immediately. */
  readonly forced?: AbortSignal;
  readonly onProgress?: (progress: { readonly gone: number; readonly total: number }) => void;
  /** Called after the grace period, before the kill: the parent links of the children still exist. Must not reject. */
  readonly beforeKill?: () => Promise<void>;
}

/** How long a killed process may take to exit, in milliseconds. A process in uninterruptible sleep takes longer and is reported. */
const KILL_WAIT_MS = 2_000;

const FIRST_POLL_MS = 2;
const LONGEST_POLL_MS = 50;

/** Sends SIGTERM to all targets, waits one shared grace period, and sends SIGKILL to the rest. Never throws for a single process. */
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

/** One process that is being ended. */
class Ending {
  readonly #pid: number;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #bound: BoundProcess | undefined;
  #signal: Signal | null = null;
  #finished: { outcome: OutcomeKind; at: number } | undefined;

  constructor({ row, restsOnCommand }: TerminationTarget, signaller: Signaller, clock: Clock) {
    this.#pid = row.pid;
    this.#clock = clock;
    this.#startedAt = clock.now();
    const bound = signaller.bind(row, { compareCommand: restsOnCommand });
    if (typeof bound === 'string') this.#finish(OUTCOME_OF[bound]);
    else this.#bound = bound;
  }

  send(signal: Signal): void {
    if (this.#bound === undefined || !this.isRunning()) return;
    const result = this.#bound.signal(signal);
    if (result === 'sent') this.#signal = signal;
    // The process exits already and needs no signal.
    else if (result === 'exiting') return;
    // It was alive when bound, so it counts as ended: its wrapper, signalled a moment ago, may have ended it.
    else if (result === 'gone') this.#finish(this.#end());
    else this.#finish(OUTCOME_OF[result]);
  }

  isRunning(): boolean {
    if (this.#finished !== undefined || this.#bound === undefined) return false;
    if (this.#bound.state() !== 'gone') return true;
    this.#finish(this.#end());
    return false;
  }

  outcome(): Outcome {
    const { outcome, at } = this.#finished ?? { outcome: 'survived', at: this.#clock.now() };
    return { pid: this.#pid, outcome, signal: this.#signal, elapsedMs: Math.round(at - this.#startedAt) };
  }

  close(): void {
    this.#bound?.close();
  }

  #end(): OutcomeKind {
    return this.#signal === 'SIGKILL' ? 'killed' : 'exited';
  }

  #finish(outcome: OutcomeKind): void {
    this.#finished = { outcome, at: this.#clock.now() };
  }
}

const OUTCOME_OF = {
  gone: 'already-gone',
  different: 'pid-reused',
  // An unknown identity refuses the signal, so the process survives.
  unknown: 'survived',
  'permission-denied': 'permission-denied',
} as const satisfies Record<BindRefusal, OutcomeKind>;
