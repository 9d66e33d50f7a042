import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { BenchmarkTable } from './benchmark.ts';

const FILE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));

const HEAD = `# Benchmarks

Each table compares the program with an alternative. The command above a table writes that table. A busy machine makes all figures larger, so both sides are
measured in turn and each table has the load.
`;

/** The machine and its load when a benchmark started. */
export function describeMachine(): string {
  const processors = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const machine = `${processors.length} × ${processors[0]?.model ?? 'unknown'}, ${gigabytes} GB, Linux ${release()}, Node.js ${process.version}`;
  return `${machine}; ${new Date().toISOString().slice(0, 10)}, load ${loadavg()[0]!.toFixed(1)} at the start, commit ${commit()}`;
}

/** Replaces the table of the same name in the document. */
export function writeTable(
  name: string,
  { title, machine, table }: { readonly title: string; readonly machine: string; readonly table: BenchmarkTable },
): void {
  const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : HEAD;
  const open = `<!-- benchmark: ${name} -->\n`;
  const close = '<!-- /benchmark -->\n';
  const command = `\`npm run bench -- ${name}\``;
  const block = `${open}## ${title}\n\n${command}: ${machine}\n\n${markdown(table)}\n\n${table.notes.join('\n')}\n${close}`;
  const start = text.indexOf(open);
  const end = text.indexOf(close, start);
  if (start < 0) writeFileSync(FILE, `${text.trimEnd()}\n\n${block}`);
  else if (end < 0) throw new Error(`${FILE}: the block "${name}" is not closed`);
  else writeFileSync(FILE, text.slice(0, start) + block + text.slice(end + close.length));
}

/** Formats a table as Markdown with aligned columns. */
export function markdown({ columns, rows }: Pick<BenchmarkTable, 'columns' | 'rows'>): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, index) => Math.max(...all.map((row) => row[index]?.length ?? 0), 3));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, index) => (row[index] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    // A tarball.
    return 'unknown';
  }
}
