import chalk, { type ChalkInstance, Chalk } from 'chalk';
import Table from 'cli-table3';
import type { Judgement, Verdict } from '../../core/verdicts/verdict.ts';
import { formatAge } from '../../shared/duration.ts';
import { reportProcess } from '../../operations/leaks/leak-report.ts';
import type { Output } from './output.ts';
import { describeProcess, formatBytes, printable } from './format.ts';
import { wrap } from './wrap.ts';

/** Further rows are only counted. `--json` lists all. */
const MAX_ROWS = 60;

/** Narrower terminals get blocks instead of a table. */
const NARROW_COLUMNS = 60;

/** Longer lines are hard to read, even on a wide terminal. */
const WIDEST = 110;

/** Colors for stdout, or none. */
export function painter(output: Output): ChalkInstance {
  return output.hasColor ? chalk : new Chalk({ level: 0 });
}

const PAINT: Readonly<Record<Verdict, 'red' | 'yellow' | 'green' | 'gray'>> = {
  orphan: 'red',
  excess: 'red',
  unverified: 'yellow',
  managed: 'green',
  foreign: 'gray',
  zombie: 'gray',
};

/** Lists processes with verdict and evidence, no wider than the terminal. */
export function processTable(judgements: readonly Judgement[], output: Output): string {
  const shown = judgements.slice(0, MAX_ROWS);
  const hidden = judgements.length - shown.length;
  const body = output.columns < NARROW_COLUMNS ? asBlocks(shown, output) : asTable(shown, output);
  return hidden > 0 ? `${body}\n  … and ${hidden} more; --json lists them all` : body;
}

const HEAD = ['PID', 'VERDICT', 'PROCESS', 'AGE', 'MEMORY'] as const;
const WIDTHS = [9, 12, 22, 8] as const;
const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid', 'middle']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`, `mid-mid`])
    .map((name) => [name, '']),
);

/** Prints the facts in columns and the evidence below, over the whole width: a column of its own would be too narrow for sentences. */
function asTable(judgements: readonly Judgement[], output: Output): string {
  const paint = painter(output);
  const width = Math.min(output.columns, WIDEST);
  const table = new Table({
    head: HEAD.map((title) => paint.bold(title)),
    colWidths: [...WIDTHS, width - WIDTHS.reduce((sum, column) => sum + column, 0)],
    chars: NO_BORDERS,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
  });
  for (const judgement of judgements) {
    const { pid, verdict, process, age, memory } = cellsOf(judgement, paint);
    table.push([pid, verdict, process, age, memory]);
    // Wrapped here, because the table would cut a long path.
    table.push([{ colSpan: HEAD.length, content: wrap(`  ${evidenceLine(judgement)}`, width) }]);
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Prints one block per process, for narrow terminals. */
function asBlocks(judgements: readonly Judgement[], output: Output): string {
  const paint = painter(output);
  return judgements
    .map((judgement) => {
      const { pid, verdict, process, age, memory } = cellsOf(judgement, paint);
      const lines = [`${pid}  ${verdict}  ${process}`, `  ${age}, ${memory}`, `  ${evidenceLine(judgement)}`];
      return lines.map((line) => wrap(line, output.columns)).join('\n');
    })
    .join('\n\n');
}

/** The cells of one process. */
export function cellsOf(judgement: Judgement, paint: ChalkInstance) {
  const { memory } = reportProcess(judgement);
  return {
    pid: String(judgement.row.pid),
    verdict: paint[PAINT[judgement.verdict]](judgement.verdict),
    process: describeProcess(judgement),
    age: formatAge(judgement.ageSeconds),
    memory: formatBytes(memory.totalBytes),
  };
}

/** Joins all evidence into one line that can be checked with `ps`. */
function evidenceLine({ evidence }: Judgement): string {
  return printable(evidence.map((item) => item.detail).join('; '));
}
