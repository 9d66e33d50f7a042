// A busy worker and a hung one: only the hung one is replaced.
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAlive } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { kill, TestTree } from './tree-harness.ts';

const KEYWORD = '--no-chroma';
const LOAD_MS = 60_000;

test.each([200, 1_000])(
  '%i clients for 60 s do not cause a restart of the worker',
  async (clients) => {
    const tree = await TestTree.create();
    await tree.start(KEYWORD);
    const worker = tree.member('worker');
    const session = await tree.session();
    const done = await load(tree, session, clients);
    const { report } = await tree.json(['status']);
    expect(report.processes.find(({ role }) => role === 'worker')).toMatchObject({ pid: worker.pid, restarts: 0 });
    expect(done.answered).toBeGreaterThan(clients);
    await tree.stop();
  },
  300_000,
);

test('a worker whose event loop is blocked is replaced', async () => {
  const preload = join(tempDir(), 'block.cjs');
  writeFileSync(
    preload,
    `if (process.env.CLAUDE_MEM_ROLE === 'worker')
       process.on('SIGUSR2', () => { const end = Date.now() + 110_000; while (Date.now() < end); });`,
  );
  const tree = await TestTree.create({ env: { NODE_OPTIONS: `--require=${preload}` } });
  await tree.start(KEYWORD);
  const blocked = tree.member('worker');
  kill(blocked, 'SIGUSR2');
  await eventually(
    'another one runs',
    async () => {
      const { report } = await tree.json(['status']);
      const worker = report.processes.find(({ role }) => role === 'worker');
      return report.state === 'running' && worker !== undefined && worker.pid !== blocked.pid;
    },
    { withinMs: 60_000, dump: () => tree.log() },
  );
  expect(isAlive(blocked)).toBe(false);
  await tree.stop();
});

/** Each client writes and searches, one request after the other, each on a new connection. */
async function load(tree: TestTree, session: string, clients: number) {
  const agent = new Agent({ keepAlive: false });
  const authorization = `Bearer ${readFileSync(join(tree.dataDir, 'token'), 'utf8').trim()}`;
  const until = performance.now() + LOAD_MS;
  const done = { answered: 0, failed: 0 };
  const ask = (method: string, path: string, body?: string) =>
    new Promise<void>((resolve) => {
      const settle = (count: keyof typeof done) => () => {
        done[count] += 1;
        resolve();
      };
      const headers = { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
      request({ host: '127.0.0.1', port: tree.port, method, path, agent, headers }, (response) => {
        response.resume().on('end', settle('answered')).on('error', settle('failed'));
      })
        .on('error', settle('failed'))
        .end(body);
    });
  const text = 'the database query was slow because of a missing index '.repeat(100);
  const body = JSON.stringify({ type: 'discovery', title: 'slow query', text });
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < until) {
        await ask('POST', `/api/sessions/${session}/observations`, body);
        await ask('GET', '/api/search?q=slow%20query%20index');
      }
    }),
  );
  agent.destroy();
  return done;
}
