import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTempDir } from '../helpers/temp-dir.ts';
import { runCli } from './run-cli.ts';
import { readRows, StandIns } from './stand-ins.ts';

test('verify finds and ends a process that lost its mark and whose parents are gone', async () => {
  const folder = createTempDir().path;
  const standIns = new StandIns(join(folder, 'Scripts'));
  // Starts a program without any environment, detached, and ends immediately. The command does the same with it.
  const inner = join(folder, 'inner.cjs');
  const outer = join(folder, 'outer.cjs');
  const start = (file: string, args: string, env: string) =>
    `require('node:child_process').spawn(${JSON.stringify(file)}, ${args}, { detached: true, stdio: 'ignore', env: ${env} }).unref();`;
  const environment = `{ SystemRoot: process.env.SystemRoot }`;
  writeFileSync(inner, start(standIns.path('python'), '[]', environment));
  writeFileSync(outer, start(process.execPath, JSON.stringify([inner]), environment));
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir);

  const clean = await runCli(['verify', '--data-dir', dataDir, '--', process.execPath, '-e', '0']);
  expect(clean).toMatchObject({ exitCode: 0 });
  const leaky = await runCli(['verify', '--data-dir', dataDir, '--reap', '--', process.execPath, outer]);
  expect(leaky).toMatchObject({ exitCode: 1 });
  expect(leaky.stderr).toContain('1 process was left behind');
  expect(leaky.stderr).toContain(standIns.path('python'));
  expect(leaky.stderr).not.toContain('Limitation');
  // Other tests may run programs of the same name.
  expect((await readRows()).filter(({ executable }) => executable === standIns.path('python'))).toEqual([]);
});
