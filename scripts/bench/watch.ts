import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseStatLine } from '../../src/platform/linux/table/stat-line.ts';
import { verdict, type Benchmark } from './benchmark.ts';
import { fillUpTo } from './filler.ts';
import { CLI } from './program.ts';

const SIZES = [100, 1_000];
const SECONDS = 60;
/** Excludes the start, and the readings in which every process still counts as young. */
const WARM_UP_SECONDS = 30;
const TARGET_PERCENT = 0.7;

/** CPU share of `leaks --watch` at one reading a second, from `/proc/PID/stat`. */
export const watch: Benchmark = {
  title: '`claude-mem leaks --watch --interval 1s`, CPU over a minute',
  async run({ folder, say }) {
    const dataDir = join(folder, 'none');
    mkdirSync(dataDir, { mode: 0o700 });
    const rows: (readonly string[])[] = [];
    for (const size of SIZES) {
      const filler = await fillUpTo(size);
      say(`watch: ${size} processes, ${WARM_UP_SECONDS + SECONDS} s`);
      const percent = await measure(dataDir);
      rows.push([
        String(filler.total),
        `${percent.toFixed(2)} %`,
        `${TARGET_PERCENT} %`,
        verdict(percent <= TARGET_PERCENT),
      ]);
      await filler.end();
    }
    const notes = ['User and system time of the whole program, reading, judging and printing included.'];
    return { columns: ['processes', 'of a core', 'target', ''], rows, notes };
  },
};

async function measure(dataDir: string): Promise<number> {
  const args = [CLI, 'leaks', '--watch', '--interval', '1s', '--data-dir', dataDir];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exit = once(child, 'exit');
  await pause(WARM_UP_SECONDS);
  const before = cpuTicks(child.pid!);
  await pause(SECONDS);
  const used = cpuTicks(child.pid!) - before;
  child.kill('SIGTERM');
  await exit;
  return used / SECONDS;
}

/** Hundredths of a second. */
function cpuTicks(pid: number): number {
  return parseStatLine(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.cpuTicks ?? Number.NaN;
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
