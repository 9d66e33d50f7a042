import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aHome, cli, inShell, orphans, writeTreeFile } from './scene.ts';

const METRICS = ['leaks', '--format', 'prometheus'];
const found = (orphaned: number) =>
  new RegExp(`^claude_mem_processes\\{verdict="orphan",role="chroma-sync"\\} ${orphaned}$`, 'm');

test('metrics go to stdout, with the exit code of leaks', async () => {
  const { run, dataDir } = aHome();
  const clean = await run(METRICS);
  expect(clean.stdout).toMatch(found(0));
  expect([clean.status, clean.stderr]).toEqual([0, '']);
  await orphans(dataDir);
  const leaking = await run(METRICS);
  expect(leaking.stdout).toMatch(found(2));
  expect(leaking.status).toBe(1);
});

test('metrics of an incomplete reading exit with 4', async () => {
  const { run, dataDir } = aHome();
  writeTreeFile(dataDir, '11111111-2222-4333-8444-555555555555.json', 'torn');
  const { stdout, status } = await run(METRICS);
  expect(stdout).toContain('claude_mem_reading_complete 0');
  expect(status).toBe(4);
});

test('metrics --output replaces the file atomically and makes it world-readable despite the umask', async () => {
  const { home } = aHome();
  const folder = join(home, 'textfile');
  mkdirSync(folder);
  const file = join(folder, 'claude-mem.prom');
  for (let turn = 0; turn < 2; turn += 1) {
    const command = cli(...METRICS, '--output', file);
    const { status, stdout } = await inShell('umask 077; "$@"', command, { home });
    expect([status, stdout]).toEqual([0, '']);
    expect(readFileSync(file, 'utf8')).toMatch(found(0));
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(['claude-mem.prom']);
  }
});

test('metrics --output reports a missing folder and claims no success', async () => {
  const { run, home } = aHome();
  const { status, stderr } = await run([...METRICS, '--output', join(home, 'absent', 'x.prom')]);
  expect(stderr).toContain('absent');
  expect(status).toBe(1);
});

test.each([
  [['--format', 'xml'], 'prometheus'],
  [['--output', 'x'], '--output needs --format'],
  [['--format', 'prometheus', '--watch'], 'cannot be used with'],
])('%j is wrong usage', async (args, message) => {
  const { status, stderr, stdout } = await aHome().run(['leaks', ...args]);
  expect(stderr).toContain(message);
  expect([status, stdout]).toEqual([2, '']);
});
