import { ProcessIndex } from '../core/process/process-index.ts';
import type { Observation } from '../operations/observe/observe.ts';

/** Largest share of one core that snapshots may use. */
const LARGEST_SHARE = 0.002;

/** Caches the last snapshot, so a caller that accepts an older one does not trigger a new read. */
export class CachedReading {
  readonly #observe: () => Promise<Observation>;
  readonly #now: () => number;
  /** CPU time used by this process, in milliseconds. */
  readonly #cpuMs: () => number;
  #last: { readonly observation: Observation; readonly atMs: number } | undefined;
  #costMs = 0;

  constructor(
    observe: () => Promise<Observation>,
    clock: { readonly now: () => number; readonly cpuMs: () => number },
  ) {
    this.#observe = observe;
    this.#now = clock.now;
    this.#cpuMs = clock.cpuMs;
  }

  /** A snapshot not older than `maxAgeMs`, or older if that keeps the cost within the CPU limit. */
  async recent(maxAgeMs: number): Promise<Observation> {
    const allowedMs = Math.max(maxAgeMs, this.#costMs / LARGEST_SHARE);
    if (this.#last !== undefined && this.#now() - this.#last.atMs <= allowedMs) return this.#last.observation;
    return await this.#take();
  }

  async #take(): Promise<Observation> {
    const cpuMs = this.#cpuMs();
    const atMs = this.#now();
    const observation = withoutBystanders(await this.#observe());
    this.#costMs = this.#cpuMs() - cpuMs;
    this.#last = { observation, atMs };
    return observation;
  }
}

/** Keeps only classified processes, this process and its children, to save memory. */
function withoutBystanders(observation: Observation): Observation {
  const { reading, judgements } = observation;
  const { pid: self } = reading.snapshot.self;
  const judged = new Set(judgements.map(({ row }) => row.pid));
  const processes = reading.snapshot.processes.filter(
    ({ pid, ppid }) => judged.has(pid) || pid === self || ppid === self,
  );
  const snapshot = { ...reading.snapshot, processes };
  return { ...observation, reading: { ...reading, snapshot }, index: new ProcessIndex(snapshot) };
}
