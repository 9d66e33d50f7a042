import type { Sample } from './sample.ts';

/** A sample with the time it is shown at. */
export interface DatedSample {
  readonly sample: Sample;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** A time of which nothing is known: the tree did not run, or could not write. */
export interface Gap {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Two samples further apart than this have a gap between them; a busy machine may miss two. In milliseconds. */
const LONGEST_PAUSE_MS = 20_000;

/**
 * Dates samples by the clock as it was at the end of each run of the machine: within one boot the uptime orders them and tells how
 * far apart they are, so a clock that was set tears no hole and lets nothing happen twice.
 * @param samples in the order in which they were taken.
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

/** What lies between the samples, and between the last one and `untilMs`. */
export function gapsBetween(samples: readonly DatedSample[], untilMs: number): readonly Gap[] {
  const starts = [...samples.slice(1).map(({ sample, atMs }) => atMs - sample.spanMs), untilMs];
  return samples
    .map(({ atMs }, position) => ({ fromMs: atMs, untilMs: starts[position] ?? untilMs }))
    .filter((gap) => gap.untilMs - gap.fromMs > LONGEST_PAUSE_MS);
}

/** Whether the machine ran through between the two: an uptime that went back is another container's under the same boot. */
export function isOfOneRun(earlier: Sample, later: Sample): boolean {
  return earlier.bootId === later.bootId && earlier.uptimeMs <= later.uptimeMs;
}
