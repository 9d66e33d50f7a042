/** A table of figures for `docs/benchmarks.md`. */
export interface BenchmarkTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences below the table: what is compared, and which targets are missed. */
  readonly notes: readonly string[];
}

/**
 * One benchmark. Measures its subject and the thing it is compared with alternately, in one run, on real processes.
 * Everything it starts ends with this process.
 */
export interface Benchmark {
  readonly title: string;
  readonly run: (tools: BenchmarkTools) => Promise<BenchmarkTable>;
}

export interface BenchmarkTools {
  /** A folder for this run, removed at its end. */
  readonly folder: string;
  /** Length of a benchmark over a long time, in minutes. */
  readonly minutes: number;
  /** Reports progress. */
  readonly say: (text: string) => void;
}

/** Describes a target of the design and whether the figure reaches it. */
export function verdict(isMet: boolean): string {
  return isMet ? 'met' : '**missed**';
}
