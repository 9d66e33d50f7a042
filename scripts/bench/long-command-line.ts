import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProcfsTable } from '../../src/platform/linux/table/procfs-table.ts';
import { verdict, type Benchmark } from './benchmark.ts';
import { median, runToEnd, timeOf } from './timing.ts';
import { CLI } from './program.ts';

const FIXTURE = fileURLToPath(new URL('../../test/fixtures/long-memory.py', import.meta.url));
const PYTHON = ['/usr/bin/python3', '/usr/local/bin/python3'].find((path) => existsSync(path)) ?? 'python3';
const BYTES = 256 * 1024 * 1024;
const NOBODY = 65_534;
const READINGS = 60;
const COMMANDS = 12;
const MOST_TIMES = 1.2;
/** Prints the peak memory of a program in kB when it ends. */
const PEAK =
  'data:text/javascript,process.on("exit",()=>process.stderr.write(`peak ${process.resourceUsage().maxRSS}`))';

interface Figures {
  readonly readingMs: number;
  readonly commandMs: number;
  readonly peakKilobytes: number;
}

/** The cost of reading beside a process with a command line or environment of 256 MB. */
export const longCommandLine: Benchmark = {
  title: 'The same machine beside a `uvx` with a command line and one with an environment of 256 MB',
  async run({ folder, say }) {
    say('long-command-line: without, with, without, with');
    const rounds: { readonly without: Figures; readonly with: Figures }[] = [];
    for (let round = 0; round < 2; round += 1) {
      const without = await measure(folder);
      const end = await startLong();
      rounds.push({ without, with: await measure(folder) });
      await end();
    }
    const row = (what: string, of: keyof Figures, unit: string) => {
      const usual = median(rounds.map((round) => round.without[of]));
      const beside = median(rounds.map((round) => round.with[of]));
      const times = beside / usual;
      return [
        what,
        format(usual, unit),
        format(beside, unit),
        times.toFixed(2),
        `≤ ${MOST_TIMES}`,
        verdict(times <= MOST_TIMES),
      ];
    };
    return {
      columns: ['what', 'without', 'beside them', 'times', 'target', ''],
      rows: [
        row('one reading of `/proc` in process', 'readingMs', 'ms'),
        row('`leaks --json`, time', 'commandMs', 'ms'),
        row('`leaks --json`, most memory', 'peakKilobytes', 'MB'),
      ],
      notes: [
        process.getuid?.() === 0
          ? 'Both processes belong to another user (nobody), and root reads them.'
          : 'Both processes belong to the same user.',
      ],
    };
  },
};

async function measure(folder: string): Promise<Figures> {
  const table = createProcfsTable();
  const request = { dataDir: join(folder, 'none'), recordedPids: new Set<number>(), memory: true };
  const readings: number[] = [];
  for (let count = 0; count < READINGS; count += 1) readings.push(await timeOf(() => table.snapshot(request)));
  const times: number[] = [];
  for (let count = 0; count < COMMANDS; count += 1) {
    times.push(
      await timeOf(() =>
        runToEnd(process.execPath, [CLI, 'leaks', '--json', '--data-dir', folder], { exitCodes: [0, 1, 4] }),
      ),
    );
  }
  return { readingMs: median(readings), commandMs: median(times), peakKilobytes: await peakOf(folder) };
}

async function peakOf(folder: string): Promise<number> {
  const args = ['--import', PEAK, CLI, 'leaks', '--json', '--data-dir', folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child, 'close');
  return Number(/peak (\d+)/.exec(said)?.[1]);
}

/** Starts one of each kind, as another user if run as root. They end by themselves, or with the returned call. */
async function startLong(): Promise<() => Promise<void>> {
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const started = ['cmdline', 'environ'].map((which) =>
    spawn(PYTHON, [FIXTURE, which, String(BYTES), 'uvx', '300', 'uvx|chroma-mcp|'], {
      ...user,
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  await Promise.all(started.map((child) => once(child.stdout, 'data')));
  return async () => {
    await Promise.all(
      started.map((child) => {
        const exit = once(child, 'exit');
        child.kill('SIGKILL');
        return exit;
      }),
    );
  };
}

function format(value: number, unit: string): string {
  return unit === 'MB' ? `${(value / 1024).toFixed(1)} MB` : `${value.toFixed(1)} ms`;
}
