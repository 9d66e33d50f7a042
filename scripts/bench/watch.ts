import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseStatLine } from '../../src/platform/linux/stat-line.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const SIZES = [100, 1_000];
const SECONDS = 60;
/** Start-up, and the readings in which every process still counts as young, are none of what lasts. */
const WARM_UP_SECONDS = 10;
const TARGET_PERCENT = 1;

/** What `leaks --watch` at one reading a second uses of a core, from `/proc/PID/stat`. */
export const watch = {
  title: '`claude-mem leaks --watch --interval 1s`, CPU over a minute',
  async run({ folder, say }: { readonly folder: string; readonly say: (text: string) => void }) {
    const rows: (readonly string[])[] = [];
    for (const size of SIZES) {
      const release = await fill(size);
      say(`watch: ${size} processes, ${WARM_UP_SECONDS + SECONDS} s`);
      const percent = await measure(join(folder, 'none'));
      const isMet = percent <= TARGET_PERCENT;
      rows.push([
        String(countProcesses()),
        `${percent.toFixed(2)} %`,
        `${TARGET_PERCENT} %`,
        isMet ? 'met' : '**missed**',
      ]);
      await release();
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

/** Idle shells that read one pipe of ours: they end with it, and so with this program however that ends. */
async function fill(total: number): Promise<() => Promise<void>> {
  const count = Math.max(0, total - countProcesses() - 1);
  const script = 'exec 3<&0; n=$1; while [ $n -gt 0 ]; do { read -r _ <&3; } & n=$((n - 1)); done; echo ready; wait';
  const holder = spawn('sh', ['-c', script, 'sh', String(count)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(holder, 'exit');
  await once(holder.stdout, 'data');
  return async () => {
    holder.stdin.end();
    await exit;
  };
}

function countProcesses(): number {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
}

/** Hundredths of a second. */
function cpuTicks(pid: number): number {
  return parseStatLine(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.cpuTicks ?? Number.NaN;
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
