import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/helpers/free-port.ts';
import { parseStatLine } from '../../src/platform/linux/table/stat-line.ts';
import { verdict, type Benchmark } from './benchmark.ts';
import { fillUpTo } from './filler.ts';
import { CLI } from './program.ts';

const SIZES = [100, 1_000];
const SECONDS = 60;
/** Excludes the start, and the readings in which every process still counts as young. */
const WARM_UP_SECONDS = 30;

/** CPU share of the programs that stay open, from `/proc/PID/stat`. */
export const watch: Benchmark = {
  title: '`claude-mem leaks --watch` and `claude-mem monit`, CPU over a minute',
  async run({ folder, say }) {
    const dataDir = join(folder, 'none');
    mkdirSync(dataDir, { mode: 0o700 });
    const rows: (readonly string[])[] = [];
    for (const size of SIZES) {
      const filler = await fillUpTo(size);
      say(`watch: ${size} processes, ${WARM_UP_SECONDS + SECONDS} s`);
      const [percent = Number.NaN] = await measure([inPipe(['leaks', '--watch', '--interval', '1s'], dataDir)]);
      rows.push(rowOf('`leaks --watch --interval 1s` in a pipe', filler.total, percent, 0.7));
      if (size === SIZES.at(-1)) {
        say(`monit: ${size} processes, ${WARM_UP_SECONDS + SECONDS} s`);
        const [ofWatch = Number.NaN, ofMonit = Number.NaN] = await besideTree(join(folder, 'tree'));
        rows.push(
          rowOf('`leaks --watch --interval 2s` in a terminal, beside a tree', filler.total, ofWatch),
          rowOf('`monit` (2 s), at the same time', filler.total, ofMonit, 1),
        );
      }
      await filler.end();
    }
    const notes = ['User and system time of the whole program, reading, judging and printing included.'];
    return { columns: ['command', 'processes', 'of a core', 'target', ''], rows, notes };
  },
};

function rowOf(command: string, processes: number, percent: number, target?: number): readonly string[] {
  const aim = target === undefined ? ['', ''] : [`${target} %`, verdict(percent <= target)];
  return [command, String(processes), `${percent.toFixed(2)} %`, ...aim];
}

/** Both programs show the same machine at the same time, so its noise hits both. */
async function besideTree(dataDir: string): Promise<readonly number[]> {
  const run = (...args: readonly string[]) => execFileSync(process.execPath, [CLI, ...args, '--data-dir', dataDir]);
  run('start', '--no-chroma', '--port', String(await freePort()));
  try {
    return await measure([
      inTerminal(['leaks', '--watch', '--interval', '2s'], dataDir),
      inTerminal(['monit', '--interval', '2s'], dataDir),
    ]);
  } finally {
    run('stop');
  }
}

interface Watcher {
  readonly child: ChildProcess;
  readonly pid: () => number;
  readonly end: () => void;
}

/** @returns percent of a core for each program. */
async function measure(watchers: readonly Watcher[]): Promise<readonly number[]> {
  const exits = watchers.map(({ child }) => once(child, 'exit'));
  await sleep(WARM_UP_SECONDS * 1_000);
  const pids = watchers.map(({ pid }) => pid());
  const before = pids.map(cpuTicks);
  await sleep(SECONDS * 1_000);
  const after = pids.map(cpuTicks);
  for (const { end } of watchers) end();
  await Promise.all(exits);
  return after.map((ticks, index) => (ticks - (before[index] ?? Number.NaN)) / SECONDS);
}

function inPipe(args: readonly string[], dataDir: string): Watcher {
  const child = spawn(process.execPath, [CLI, ...args, '--data-dir', dataDir], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { child, pid: () => child.pid!, end: () => void child.kill('SIGTERM') };
}

/** `script` of util-linux makes the terminal, and its only child is the program. */
function inTerminal(args: readonly string[], dataDir: string): Watcher {
  const words = [process.execPath, CLI, ...args, '--data-dir', dataDir].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-q', '-f', '-c', `stty cols 80 rows 24 && exec ${words}`, '/dev/null'], {
    env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm-256color' },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  return { child, pid: () => onlyChildOf(child.pid!), end: () => void child.stdin.write('q') };
}

function onlyChildOf(parent: number): number {
  const children = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && parseStatLine(statOf(Number(name)))?.ppid === parent,
  );
  if (children.length !== 1) throw new Error(`pid ${parent} has ${children.length} children, not one`);
  return Number(children[0]);
}

/** Hundredths of a second. */
function cpuTicks(pid: number): number {
  return parseStatLine(statOf(pid))?.cpuTicks ?? Number.NaN;
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}
