import { isZombie } from '../../core/process/identity.ts';
import { isLeak, type Judgement } from '../../core/verdicts/verdict.ts';
import { keyOf } from '../terminate/terminate-until-quiet.ts';
import type { Observation } from '../observe/observe.ts';
import type { MeasuredProcess, MeasureProcess } from '../ports/tree.ts';

/** Measuring one process takes about 1 ms, and leaks come in hundreds. */
const FIRST_PER_ROUND = 100;
/** Leaked processes rarely change, so each round measures a few of them again, the oldest figures first. */
const AGAIN_PER_ROUND = 10;

/** Measures the memory of the leaks repeatedly, at a bounded cost per round. */
export class LeakMeter {
  readonly #measure: MeasureProcess | null;
  /** The oldest figures come first. */
  #bytes: ReadonlyMap<string, number | null> = new Map();

  constructor(measure: MeasureProcess | null) {
    this.#measure = measure;
  }

  /** The memory of all leaks; null if it is not known of all of them, or if the reading may have missed some. */
  measure({ judgements, isComplete }: Observation): number | null {
    const leaks = new Map(judgements.filter(isLeak).map((judgement) => [keyOf(judgement), judgement]));
    if (leaks.size === 0 && !isComplete) return null;
    const known = [...this.#bytes].filter(([key]) => leaks.has(key));
    const fresh = [...leaks.keys()].filter((key) => !this.#bytes.has(key)).slice(0, FIRST_PER_ROUND);
    const again = known.slice(0, AGAIN_PER_ROUND).map(([key]) => key);
    const measured = [...again, ...fresh].map((key) => [key, this.#bytesOf(leaks.get(key))] as const);
    this.#bytes = new Map([...known.slice(again.length), ...measured]);
    if (this.#bytes.size < leaks.size) return null;
    return [...this.#bytes.values()].reduce(addKnown, 0);
  }

  /** 0 for a process that is gone, also if its pid is reused. */
  #bytesOf(leak: Judgement | undefined): number | null {
    if (leak === undefined) return 0;
    if (this.#measure === null) return memoryOf(leak.row);
    const measured = this.#measure(leak.row.pid);
    if (measured === undefined || measured.startTicks !== leak.row.startTicks || isZombie(measured)) return 0;
    return memoryOf(measured);
  }
}

function addKnown(sum: number | null, bytes: number | null): number | null {
  return sum === null || bytes === null ? null : sum + bytes;
}

function memoryOf({ pssBytes, swapBytes, rssBytes }: MeasuredProcess): number | null {
  return pssBytes === undefined ? (rssBytes ?? null) : pssBytes + (swapBytes ?? 0);
}
