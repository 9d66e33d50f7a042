import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Tally {
  passed: number;
  /** Numbers of the failed rounds. */
  readonly failed: number[];
  /** Number of rounds with the real Chroma. */
  real: number;
}

const DOCUMENT = fileURLToPath(new URL('../../docs/rounds.md', import.meta.url));

/** The last line of a run. */
export function summaryOf(seed: string, { passed, failed, real }: Tally): string {
  const which = failed.length === 0 ? '' : ` (${failed.toSorted((a, b) => a - b).join(', ')})`;
  return `${passed + failed.length} rounds (${real} with real Chroma): ${passed} passed, ${failed.length} failed${which}, seed ${seed}`;
}

/** A row of the table of runs. */
export function rowOf(date: string, seed: string, { passed, failed, real }: Tally): string {
  return `| ${date} | ${seed} | ${passed + failed.length} | ${real} | ${passed} passed, ${failed.length} failed |`;
}

/** Appends the row to docs/rounds.md, which ends with the table, and prints it. */
export function recordRun(date: string, seed: string, tally: Tally): void {
  const row = rowOf(date, seed, tally);
  writeFileSync(DOCUMENT, `${readFileSync(DOCUMENT, 'utf8').trimEnd()}\n${row}\n`);
  console.log(row);
}
