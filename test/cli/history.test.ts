import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { HistoryReport } from '../../src/cli/commands/history/json.ts';
import type { Sample } from '../../src/core/health/sample.ts';
import { openSampleStore } from '../../src/state/history/samples.ts';
import { aSample } from '../core/a-sample.ts';
import { runCli, runCliInTerminal } from '../helpers/run-cli.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { errorReport } from './shapes.ts';

const STEP_MS = 5_000;
const MINUTE_MS = 60_000;

/** A home whose tree ran from twelve to eight minutes ago, and again from four minutes ago until now. */
function sampledHome(changes: (step: number) => Partial<Sample> = () => ({})): string {
  const home = tempDir();
  mkdirSync(join(home, '.claude-mem'));
  const store = openSampleStore(join(home, '.claude-mem'));
  const now = Date.now();
  for (let step = 0; step <= 144; step += 1) {
    const agoMs = (144 - step) * STEP_MS;
    if (agoMs < 8 * MINUTE_MS && agoMs > 4 * MINUTE_MS) continue;
    store.append(aSample({ takenAtMs: now - agoMs, uptimeMs: 3_600_000 - agoMs, ...changes(step) }));
  }
  return home;
}

const file = (home: string) => join(home, '.claude-mem', 'samples', 'fine.ring');

test('history without samples says so and suggests start', async () => {
  const home = tempDir();
  const { status, stdout } = await runCli(['history'], { home });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^No samples in the last 24 h\..*\n.*claude-mem start\n$/);
  const json = JSON.parse((await runCli(['history', '--json'], { home })).stdout) as HistoryReport;
  expect(json).toMatchObject({ command: 'history', complete: true, samples: [], gaps: [] });
});

test('history in a pipe draws charts without escapes and leaves a gap blank', async () => {
  const { status, stdout, stderr } = await runCli(['history', '--since', '12m'], { home: sampledHome() });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).not.toContain('\u001B');
  expect(stdout).toMatch(/1 gap \(3 min in all/);
  expect(stdout).toMatch(/MEMORY \(PSS \+ swap\) {2}now 50 MB, peak 50 MB/);
  const [top] = /^ +2 │.*$/m.exec(stdout) ?? [];
  expect(top?.split('│')[1]).toMatch(/^ ?█+ {20,}█+$/);
  expect(stdout.split('\n').every((line) => line.length <= 110)).toBe(true);
});

test('history zooms to the time with samples, and says so', async () => {
  const { stdout } = await runCli(['history'], { home: sampledHome() });
  expect(stdout).toMatch(/^The last 24 h: \d+ samples, 1 gap .*\. The charts show the 12 min with samples\.$/m);
  const [top] = /^ +2 │.*$/m.exec(stdout) ?? [];
  expect(top?.split('│')[1]).toMatch(/^ ?█{20,} {20,}█{20,}$/);
  const short = await runCli(['history', '--since', '12m'], { home: sampledHome() });
  expect(short.stdout).not.toContain('The charts show');
});

test('history of a tree that ended ends with its last sample', async () => {
  const home = tempDir();
  mkdirSync(join(home, '.claude-mem'));
  const store = openSampleStore(join(home, '.claude-mem'));
  const endMs = Date.now() - 3 * 3_600_000;
  for (let step = 0; step <= 120; step += 1) {
    const agoMs = (120 - step) * STEP_MS;
    store.append(aSample({ takenAtMs: endMs - agoMs, uptimeMs: 3_600_000 - agoMs }));
  }
  const { stdout } = await runCli(['history'], { home });
  expect(stdout).toContain('The charts show the 10 min with samples.');
  expect(stdout).toMatch(/PROCESSES {2}last 2, peak 2/);
  const { hour, minute } = { hour: new Date(endMs).getHours(), minute: new Date(endMs).getMinutes() };
  const end = [hour, minute].map((part) => String(part).padStart(2, '0')).join(':');
  expect(stdout).toMatch(new RegExp(` ${end}$`, 'm'));
});

test('history shows the CPU of the last sample, and no chart if none is known', async () => {
  const use = (cpuPercent: number | null) => ({ processes: 1, memoryBytes: 1, cpuPercent });
  const busy = sampledHome((step) => ({ roles: { worker: use(step === 144 ? 12.34 : 80) } }));
  const { stdout } = await runCli(['history'], { home: busy });
  expect(stdout).toMatch(/CPU \(% of a core\) {2}now 12 %, peak 80 %/);
  const unknown = sampledHome(() => ({ roles: { worker: use(null) } }));
  expect((await runCli(['history'], { home: unknown })).stdout).not.toContain('CPU (%');
});

test.each([40, 100])('history --since 14d of a tree that ended days ago fits %d columns', async (columns) => {
  const home = tempDir();
  mkdirSync(join(home, '.claude-mem'));
  const store = openSampleStore(join(home, '.claude-mem'));
  const endMs = Date.now() - 3 * 86_400_000;
  for (let step = 0; step <= 12; step += 1)
    store.append(aSample({ takenAtMs: endMs + step * STEP_MS, uptimeMs: step * STEP_MS }));
  const { ended } = runCliInTerminal(['history', '--since', '14d'], { home, columns, env: { NO_COLOR: '1' } });
  const lines = (await ended).output.split(/\r?\n/);
  expect(lines.filter((line) => line.length > columns)).toEqual([]);
});

test('history draws a chart for leaks and a line for restarts', async () => {
  const home = sampledHome((step) => ({ orphans: step === 20 ? 7 : 0, restarts: step > 10 ? 2 : 0 }));
  const { stdout } = await runCli(['history', '--since', '12m'], { home });
  expect(stdout).toMatch(/LEAKS {2}now 0, peak 7/);
  expect(stdout).toContain('The worker restarted 2 times.');
});

test('history --json and --csv contain every sample with its roles', async () => {
  const home = sampledHome();
  const json = JSON.parse((await runCli(['history', '--since', '10m', '--json'], { home })).stdout) as HistoryReport;
  expect(json.samples.at(-1)).toMatchObject({
    spanSeconds: 5,
    processes: 2,
    memoryBytes: 50_000_000,
    memoryKind: 'pss+swap',
    cpuPercent: 0.3,
    roles: { worker: { processes: 1, memoryBytes: 30_000_000, cpuPercent: 0.2 } },
  });
  expect(json.gaps).toHaveLength(1);
  const { stdout } = await runCli(['history', '--since', '10m', '--csv'], { home });
  const [names = '', ...lines] = stdout.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(json.samples.length - 2);
  const cells = Object.fromEntries(names.split(',').map((name, index) => [name, lines.at(-1)?.split(',')[index]]));
  expect(cells).toMatchObject({
    processes: '2',
    memoryBytes: '50000000',
    'worker memoryBytes': '30000000',
    'setup processes': '0',
  });
  expect(lines.every((line) => line.split(',').length === names.split(',').length)).toBe(true);
});

test('history skips damaged samples and exits with 4 for an unreadable file', async () => {
  const home = sampledHome();
  const bytes = readFileSync(file(home));
  bytes.fill('?', 600, 700);
  writeFileSync(file(home), bytes);
  const damaged = await runCli(['history'], { home });
  expect([damaged.status, damaged.stderr]).toEqual([0, 'Skipped 1 damaged sample.\n']);
  expect(damaged.stdout).toContain('MEMORY');
  const json = JSON.parse((await runCli(['history', '--json'], { home })).stdout) as HistoryReport;
  expect(json).toMatchObject({ complete: false, damagedSamples: 1 });

  const other = tempDir();
  mkdirSync(file(other), { recursive: true });
  const unreadable = await runCli(['history'], { home: other });
  expect(unreadable.status).toBe(4);
  expect(unreadable.stderr).toMatch(/^Could not read .*fine\.ring: /);
});

test('history rejects wrong options', async () => {
  const home = tempDir();
  const both = await runCli(['history', '--csv', '--json'], { home });
  expect([both.status, JSON.parse(both.stdout)]).toEqual([2, errorReport('history', 'usage')]);
  expect((await runCli(['history', '--since', 'monday'], { home })).status).toBe(2);
});

test.each([24, 44, 100])('history fits a terminal of %d columns, in color', async (columns) => {
  const { ended } = runCliInTerminal(['history', '--since', '12m'], { home: sampledHome(), columns });
  const { output, status } = await ended;
  expect(status).toBe(0);
  expect(output).toContain('\u001B[36m');
  // eslint-disable-next-line no-control-regex
  const lines = output.replaceAll(/\u001B\[\d+m/g, '').split(/\r?\n/);
  const charts = lines.filter((line) => /[│└]/.test(line));
  expect(charts.length).toBeGreaterThan(8);
  expect(Math.max(...charts.map((line) => line.length))).toBeLessThanOrEqual(columns);
});
