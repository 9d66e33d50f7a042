import type { Sample } from './sample.ts';

/** A sample with its corrected time. */
export interface DatedSample {
  readonly sample: Sample;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** A period without samples: the tree did not run, or could not write. */
export interface Gap {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A longer pause between two samples is a gap, in milliseconds. A busy machine may miss two samples. */
const LONGEST_PAUSE_MS = 20_000;

/**
 * Dates samples by uptime, and by the clock at the end of each boot. Within a boot, uptime gives order and distance, so setting the clock
 * makes neither a gap nor an overlap.
 * @param samples oldest first.
 */
export function dateSamples(samples: readonly Sample[]): readonly DatedSample[] {
  const dated: DatedSample[] = [];
  let later: Sample | undefined;
  let bootedAtMs = 0;
  for (const sample of samples.toReversed()) {
    if (later === undefined || !isOfOneRun(sample, later)) bootedAtMs = sample.takenAtMs - sample.uptimeMs;
    dated.push({ sample, atMs: bootedAtMs + sample.uptimeMs });
    later = sample;
  }
  return dated.toReversed();
}

/** The gaps between the samples, and between the last one and `untilMs`. */
export function gapsBetween(samples: readonly DatedSample[], untilMs: number): readonly Gap[] {
  const starts = [...samples.slice(1).map(({ sample, atMs }) => atMs - sample.spanMs), untilMs];
  return samples
    .map(({ atMs }, position) => ({ fromMs: atMs, untilMs: starts[position] ?? untilMs }))
    .filter((gap) => gap.untilMs - gap.fromMs > LONGEST_PAUSE_MS);
}

/** Whether both samples are from one run of the machine. A smaller uptime under the same boot id is that of another container. */
export function isOfOneRun(earlier: Sample, later: Sample): boolean {
  return earlier.bootId === later.bootId && earlier.uptimeMs <= later.uptimeMs;
}
