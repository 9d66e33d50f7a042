/** A table of figures for `docs/benchmarks.md`. */
export interface BenchmarkTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences below the table: what was compared with what, and what is missed. */
  readonly notes: readonly string[];
}

/**
 * One benchmark. It measures what it is about and what that is compared with in turn, in one run, on real processes. Whatever it
 * starts ends with this process, however that ends.
 */
export interface Benchmark {
  readonly title: string;
  readonly run: (tools: BenchmarkTools) => Promise<BenchmarkTable>;
}

export interface BenchmarkTools {
  /** A folder of this run alone, removed at its end. */
  readonly folder: string;
  /** Progress, for whoever watches. */
  readonly say: (text: string) => void;
}

/** A target of the design: how it reads, and whether the figure reaches it. */
export function verdict(isMet: boolean): string {
  return isMet ? 'met' : '**missed**';
}
