// Measures the program beside what it is compared with, and writes the tables of docs/benchmarks.md. See --help.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Benchmark } from './bench/benchmark.ts';
import { describeMachine, markdown, writeTable } from './bench/document.ts';
import { hook } from './bench/hook.ts';
import { leaks } from './bench/leaks.ts';
import { leaksByPhase } from './bench/leaks-by-phase.ts';
import { life } from './bench/life.ts';
import { longCommandLine } from './bench/long-command-line.ts';
import { installProgram } from './bench/program.ts';
import { reap } from './bench/reap.ts';
import { semantic } from './bench/semantic.ts';
import { snapshot } from './bench/snapshot.ts';
import { startUp } from './bench/start-up.ts';
import { tree } from './bench/tree.ts';
import { watch } from './bench/watch.ts';

/** A new benchmark is a file in scripts/bench/ and a line here. */
const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  'start-up': startUp,
  'leaks-by-phase': leaksByPhase,
  leaks,
  snapshot,
  'long-command-line': longCommandLine,
  watch,
  reap,
  tree,
  hook,
  semantic,
  life,
};

/** Length of the benchmark `life`. A leak shows as a slope in a short run, too. */
const MINUTES = 4;

const HELP = `Usage: npm run bench -- [options] [name…]

  --no-write   only print the tables, leave docs/benchmarks.md alone
  --minutes N  length of the benchmark life (default: ${MINUTES}; the published figure: 60)
  --help       this text

Names (default: all): ${Object.keys(BENCHMARKS).join(', ')}`;

const { values: options, positionals } = parseArgs({
  options: {
    'no-write': { type: 'boolean', default: false },
    minutes: { type: 'string', default: String(MINUTES) },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const minutes = Number(options.minutes);
if (options.help) console.log(HELP);
else await main(positionals.length === 0 ? Object.keys(BENCHMARKS) : positionals);

async function main(names: readonly string[]): Promise<void> {
  if (!(minutes >= 2)) throw new Error(`--minutes must be 2 or more, but is ${options.minutes}\n\n${HELP}`);
  const unknown = names.filter((name) => !Object.hasOwn(BENCHMARKS, name));
  if (unknown.length > 0) throw new Error(`no such benchmark: ${unknown.join(', ')}\n\n${HELP}`);
  if (process.platform !== 'linux') throw new Error('the benchmarks read /proc: they run on Linux alone');
  // Processes that a benchmark starts read pipes of this process and end with it; only the folder must be removed.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'claude-mem-bench-')));
  process.on('exit', () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  installProgram(folder);
  for (const name of names) await measure(name, BENCHMARKS[name]!, folder);
}

async function measure(name: string, { title, run }: Benchmark, folder: string): Promise<void> {
  const machine = describeMachine();
  const say = (text: string) => {
    process.stderr.write(`${text}\n`);
  };
  const table = await run({ folder, say, minutes });
  console.log(`\n${title}\n${machine}\n\n${markdown(table)}\n`);
  if (!options['no-write']) writeTable(name, { title, machine, table });
}
