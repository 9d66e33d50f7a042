import { ProcessIndex } from '../core/process/process-index.ts';
import type { Observation } from '../operations/observe/observe.ts';

/** A look at the whole process table may take this part of one core, at most. */
const LARGEST_SHARE = 0.002;

/** Looks at the process table for several that need one, so that who is content with a recent one costs nothing. */
export class CachedReading {
  readonly #observe: () => Promise<Observation>;
  readonly #now: () => number;
  /** CPU time that this process has used, in milliseconds. */
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

  /** One not older than `maxAgeMs`, or as old as keeps within the share of a core that looks may take. */
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

/** What was judged, this process and its children: the thousand others would be kept for nothing until the next look. */
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
