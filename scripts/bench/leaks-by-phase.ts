import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark } from './benchmark.ts';
import { CLI, findNodes } from './program.ts';
import { median } from './timing.ts';

const NOTE_PHASES = fileURLToPath(new URL('note-phases.cjs', import.meta.url));
const ROUNDS = 21;
const MAJORS = [22, 24];

/** The phases, each with the moment at which it ends. */
const PHASES = [
  ['Node.js starts', 'entry'],
  ['the entry script', 'source'],
  ['source and compiled code are read', 'code'],
  ['V8 loads the code', 'program'],
  ['modules, options, records', 'table'],
  ['the process table', 'lastRow'],
  ['verdicts and JSON', 'output'],
  ['writing', 'exit'],
  ['Node.js ends', 'end'],
] as const;
type Moment = (typeof PHASES)[number][1] | 'start';

export const leaksByPhase: Benchmark = {
  title: 'Where the time of `claude-mem leaks --json` goes',
  async run({ folder, say }) {
    const nodes = findNodes(MAJORS);
    const home = join(folder, 'home');
    mkdirSync(home, { recursive: true });
    const columns = nodes.map(({ name, path }) => {
      say(`leaks by phase on ${name} …`);
      const runs = Array.from({ length: ROUNDS + 2 }, () => runOnce(path, home)).slice(2);
      return PHASES.map(([, end], index) => {
        const begin: Moment = index === 0 ? 'start' : PHASES[index - 1]![1];
        return median(runs.map((run) => Number(run[end] - run[begin]) / 1e6));
      });
    });
    const rows = PHASES.map(([phase], index) => [phase, ...columns.map((times) => `${times[index]!.toFixed(1)} ms`)]);
    const totals = columns.map((times) => times.reduce((sum, time) => sum + time, 0));
    return Promise.resolve({
      columns: ['phase', ...nodes.map(({ name }) => name)],
      rows: [...rows, ['together', ...totals.map((total) => `${total.toFixed(1)} ms`)]],
      notes: [
        `Medians of ${ROUNDS} runs of the installed tarball beside about 100 processes, from the code that an earlier run compiled. A preloaded script notes the moments, which costs about 1 ms.`,
      ],
    });
  },
};

function runOnce(path: string, home: string): Readonly<Record<Moment, bigint>> {
  const file = join(home, 'phases.json');
  const env = { PATH: process.env.PATH, HOME: home, PHASES_FILE: file };
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(path, ['--require', NOTE_PHASES, CLI, 'leaks', '--json'], {
    env,
    encoding: 'utf8',
  });
  const end = process.hrtime.bigint();
  if (status !== 0 && status !== 1) throw new Error(`leaks ended with ${String(status)}: ${stderr}`);
  const noted = JSON.parse(readFileSync(file, 'utf8')) as Record<Moment, string>;
  const moments = Object.entries(noted).map(([name, time]) => [name, BigInt(time)]);
  return { ...(Object.fromEntries(moments) as Record<Moment, bigint>), start, end };
}
