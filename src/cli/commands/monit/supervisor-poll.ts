import type { Clock } from '../../../operations/ports/process.ts';
import { askForStatus, type ConnectToSupervisor, type TreeStatus } from '../../../operations/tree/tree-lifecycle.ts';

type Answer = TreeStatus | 'late' | undefined;

/** A reading waits this long for the supervisor, in milliseconds: a healthy one answers within a few. */
const PATIENCE_MS = 300;
/** Until then, the earlier answer is shown, in milliseconds. */
const LATE_MS = 2_000;

/** Asks the supervisor for its status, one question at a time. A frozen supervisor does not delay the screen. */
export class SupervisorPoll {
  readonly #connect: ConnectToSupervisor;
  readonly #clock: Clock;
  #answer: Answer;
  #askedAtMs: number | undefined;
  #asking: Promise<void> = Promise.resolve();

  constructor(connect: ConnectToSupervisor, clock: Clock) {
    this.#connect = connect;
    this.#clock = clock;
  }

  /** True while a question is open: its connection would keep the program running. */
  get isAsking(): boolean {
    return this.#askedAtMs !== undefined;
  }

  /** The newest answer. */
  async ask(): Promise<Answer> {
    if (this.#askedAtMs === undefined) {
      this.#askedAtMs = this.#clock.now();
      this.#asking = this.#take();
    }
    await Promise.race([this.#asking, this.#clock.sleep(PATIENCE_MS)]);
    return this.#isLate() ? 'late' : this.#answer;
  }

  #isLate(): boolean {
    return this.#askedAtMs !== undefined && this.#clock.now() - this.#askedAtMs >= LATE_MS;
  }

  async #take(): Promise<void> {
    try {
      this.#answer = await askForStatus(this.#connect, this.#clock);
    } finally {
      this.#askedAtMs = undefined;
    }
  }
}
