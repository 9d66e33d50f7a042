import chalk, { type ChalkInstance, Chalk, chalkStderr } from 'chalk';
import Table from 'cli-table3';
import type { Judgement, Verdict } from '../../core/verdicts/verdict.ts';
import { formatAge } from '../../shared/duration.ts';
import type { Link } from '../../operations/leaks/chains.ts';
import { memoryOf } from '../../operations/leaks/process-memory.ts';
import type { Output } from './output.ts';
import { describeProcess, formatBytes, printable } from './format.ts';
import { wrap } from './wrap.ts';

/** Narrower terminals get blocks instead of a table. */
const NARROW_COLUMNS = 60;

/** Longer lines are hard to read, even on a wide terminal. */
export const WIDEST = 110;

/** Colors for stdout, or none. */
export function painter(output: Output): ChalkInstance {
  return output.hasColor ? chalk : new Chalk({ level: 0 });
}

/** Colors for stderr, or none. */
export function errorPainter(output: Output): ChalkInstance {
  return output.hasErrorColor ? chalkStderr : new Chalk({ level: 0 });
}

const PAINT: Readonly<Record<Verdict, 'red' | 'yellow' | 'green' | 'gray'>> = {
  orphan: 'red',
  excess: 'red',
  unverified: 'yellow',
  managed: 'green',
  foreign: 'gray',
  zombie: 'gray',
};

/** Lists every process with verdict and evidence, no wider than the terminal. The depth of a process indents its name. */
export function processTable(links: readonly Link[], output: Output): string {
  return output.columns < NARROW_COLUMNS ? asBlocks(links, output) : asTable(links, output);
}

const HEAD = ['PID', 'VERDICT', 'PROCESS', 'AGE', 'MEMORY'] as const;
const WIDTHS = [9, 12, 26, 8] as const;
/** Deeper processes are indented no further. */
const DEEPEST = 2;
const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid', 'middle']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`, `mid-mid`])
    .map((name) => [name, '']),
);

/** Prints the facts in columns and the evidence below, over the whole width: a column of its own would be too narrow for sentences. */
function asTable(links: readonly Link[], output: Output): string {
  const paint = painter(output);
  const width = Math.min(output.columns, WIDEST);
  const table = new Table({
    head: HEAD.map((title) => paint.bold(title)),
    colWidths: [...WIDTHS, width - WIDTHS.reduce((sum, column) => sum + column, 0)],
    chars: NO_BORDERS,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
  });
  for (const { judgement, depth } of links) {
    const { pid, verdict, process, age, memory } = cellsOf(judgement, paint, depth);
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
function asBlocks(links: readonly Link[], output: Output): string {
  const paint = painter(output);
  return links
    .map(({ judgement, depth }) => {
      const { pid, verdict, process, age, memory } = cellsOf(judgement, paint, depth);
      const lines = [`${pid}  ${verdict}  ${process}`, `  ${age}, ${memory}`, `  ${evidenceLine(judgement)}`];
      return lines.map((line) => wrap(line, output.columns)).join('\n');
    })
    .join('\n\n');
}

/** The cells of one process. */
export function cellsOf(judgement: Judgement, paint: ChalkInstance, depth = 0) {
  return {
    pid: String(judgement.row.pid),
    verdict: paintVerdict(judgement.verdict, paint),
    process: indent(describeProcess(judgement), depth),
    age: formatAge(judgement.ageSeconds),
    memory: formatBytes(memoryOf(judgement).totalBytes),
  };
}

export function paintVerdict(verdict: Verdict, paint: ChalkInstance): string {
  return paint[PAINT[verdict]](verdict);
}

/** Two columns for each level, so that a deep chain still fits the column. */
function indent(name: string, depth: number): string {
  return depth === 0 ? name : `${'  '.repeat(Math.min(depth, DEEPEST) - 1)}└ ${name}`;
}

/** Joins all evidence into one line that can be checked with `ps`. */
export function evidenceLine({ evidence }: Judgement): string {
  return printable(evidence.map((item) => item.detail).join('; '));
}
