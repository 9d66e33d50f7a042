import { statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { cliWiring } from '../../src/wiring/cli.ts';
import { runCliInTerminal } from '../helpers/run-cli.ts';
import { aHome, living, orphans } from './scene.ts';

test('every command that prints a report has --quiet, a command whose output is data has not', async () => {
  const { commands } = await createProgram(cliWiring);
  const loud = commands.filter(({ options }) => !options.some(({ long }) => long === '--quiet'));
  expect(loud.map((command) => command.name())).toEqual([
    'monit',
    'logs',
    'history',
    'search-server',
    'hook',
    'completion',
  ]);
});

test('with --quiet nothing is printed, and the exit code is that of the report', async () => {
  const { home, run, dataDir } = aHome();
  await orphans(dataDir);
  const expected: readonly (readonly [readonly string[], number])[] = [
    [['leaks'], 1],
    [['doctor', 'orphans'], 1],
    [['doctor', 'node'], 0],
    [['status'], 3],
    [['reap', '--dry-run'], 0],
    [['guard', 'status'], 3],
    // Ends the orphans of a recorded tree.
    [['stop'], 0],
  ];
  expect(await runCliInTerminal(['leaks', '-q'], { home }).ended).toEqual({ status: 1, output: '' });
  for (const [args, status] of expected)
    expect(await run([...args, '--quiet']), args.join(' ')).toMatchObject({ status, stdout: '', stderr: '' });
});

test('reap --quiet never asks, and ends orphans only with --yes', async () => {
  const { home, run, dataDir } = aHome();
  const left = await orphans(dataDir);
  const asked = await runCliInTerminal(['reap', '--quiet'], { home }).ended;
  expect(asked.output).toContain('with --quiet it cannot ask');
  expect([asked.status, living(left)]).toMatchObject([2, { length: 2 }]);
  expect(await run(['reap', '--quiet', '--yes'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(living(left)).toEqual([]);
});

test('start --quiet still prints why it failed', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { status, stdout, stderr } = await aHome().run(['start', '--quiet', '--no-chroma', '--port', String(port)]);
  server.close();
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`port ${port} is taken`);
});

test('verify --quiet passes the output of the command through and leaves out the report', async () => {
  const { run } = aHome();
  const script = 'echo out; echo err >&2; exit 3';
  const ran = await run(['verify', '--quiet', '--', 'sh', '-c', script]);
  expect(ran).toMatchObject({ status: 3, stdout: 'out\n', stderr: 'err\n' });
  const missing = await run(['verify', '--quiet', '--', 'no-such-program']);
  expect([missing.status, missing.stdout]).toEqual([127, '']);
  expect(missing.stderr).toContain('no-such-program');
});

test('snapshot --quiet writes its file, and needs one', async () => {
  const { home, run } = aHome();
  const file = join(home, 'leak.json');
  expect(await run(['snapshot', '--quiet', file])).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(statSync(file).size).toBeGreaterThan(0);
  const { status, stderr } = await run(['snapshot', '--quiet']);
  expect([status, stderr]).toEqual([2, expect.stringContaining('--quiet needs a file') as unknown]);
});

test.each([
  ['leaks', '--watch'],
  ['leaks', '--json'],
  ['status', '--open'],
])('%s --quiet refuses %s', async (command, option) => {
  const { status, stderr, stdout } = await aHome().run([command, '--quiet', option]);
  expect(status).toBe(2);
  expect(stderr + stdout).toMatch(/cannot be used with option/);
});
