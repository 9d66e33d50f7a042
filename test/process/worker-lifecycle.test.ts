import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { identify, isAlive, parentOf, signalIfSame } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { startWorker, type WorkerUnderTest } from './worker-process.ts';

/** Without semantic search, because these tests are about processes. */
const WITHOUT_CHROMA = { CLAUDE_MEM_CHROMA_ENABLED: 'false' };

async function running(dataDir = tempDir(), env: Record<string, string> = WITHOUT_CHROMA): Promise<WorkerUnderTest> {
  const worker = await startWorker({ dataDir, env });
  await worker.ready();
  return worker;
}

function searchServerOf(worker: WorkerUnderTest): number {
  const registered = worker.messages.filter((message) => message.type === 'register').at(-1);
  return registered?.registration.identity.pid ?? 0;
}

describe('a worker that starts', () => {
  test('records its search server before it is ready, with the marks of the tree', async () => {
    const worker = await running();
    const pid = searchServerOf(worker);
    expect(worker.messages.map(({ type }) => type).slice(0, 2)).toEqual(['register', 'search-mode']);
    expect(worker.messages[0]).toMatchObject({
      registration: {
        role: 'search',
        owner: { pid: worker.identity.pid, startTicks: Number(worker.identity.start) },
        identity: { startTicks: Number(identify(pid)?.start) },
        command: [
          process.execPath,
          expect.stringMatching(/search-server\.js$/),
          '--worker-pid',
          `${worker.identity.pid}`,
        ],
      },
    });
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    expect(environment).toEqual(
      expect.arrayContaining([
        `CLAUDE_MEM_TREE=${worker.treeId}`,
        'CLAUDE_MEM_ROLE=search',
        expect.stringMatching(new RegExp(`^CLAUDE_MEM_OWNER=${worker.identity.pid}:${worker.identity.start}:`)),
      ]),
    );
    expect(parentOf(pid)).toBe(worker.identity.pid);
  });

  test('reports its identity and that its search server answers', async () => {
    const worker = await running();
    const health = await fetch(`http://127.0.0.1:${worker.port}/health`);
    expect(await health.json()).toMatchObject({ treeId: worker.treeId, pid: worker.identity.pid });
    expect((await worker.request('GET', '/ready')).body).toMatchObject({
      searchServer: { state: 'answering', pid: searchServerOf(worker), restarts: 0 },
      search: { mode: 'keyword' },
    });
  });

  test('exports metrics of its tree, including itself', async () => {
    const dataDir = tempDir();
    const worker = await running(dataDir);
    const headers = { Authorization: `Bearer ${readFileSync(join(dataDir, 'token'), 'utf8').trim()}` };
    const response = await fetch(`http://127.0.0.1:${worker.port}/metrics`, { headers });
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    // Without a supervisor no process has recorded it.
    expect(text).toMatch(/^claude_mem_processes\{verdict="\w+",role="worker"\} 1$/m);
    expect(text).toContain('claude_mem_search_mode{mode="keyword"} 1\n');
  });

  test('works without a supervisor too', async () => {
    const dataDir = tempDir();
    const worker = await startWorker({ dataDir, env: WITHOUT_CHROMA, isAlone: true });
    await eventually('it answers', async () => (await worker.request('GET', '/ready')).status === 200);
    expect(worker.messages).toEqual([]);
    signalIfSame(worker.identity, 'SIGTERM');
    expect(await worker.ended).toEqual({ code: 0, signal: null });
    await worker.isOver();
  });
});

describe('one shutdown', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'one shutdown by %s, sent once or several times',
    async (signal) => {
      const worker = await running();
      for (let count = 0; count < 3; count += 1) signalIfSame(worker.identity, signal);
      expect(await worker.ended).toEqual({ code: 0, signal: null });
      await worker.isOver();
      expect(worker.messages.filter(({ type }) => type === 'ended')).toHaveLength(1);
    },
  );

  test('one shutdown by its supervisor', async () => {
    const worker = await running();
    worker.send({ type: 'shutdown', deadlineMs: 3_000 });
    expect(await worker.ended).toEqual({ code: 0, signal: null });
    await worker.isOver();
  });

  test('one shutdown by the death of its supervisor', async () => {
    const worker = await running();
    worker.child.disconnect();
    expect(await worker.ended).toEqual({ code: 0, signal: null });
    await worker.isOver();
  });

  test('while it is still starting', async () => {
    for (const delayMs of [0, 60, 120, 180, 240]) {
      const worker = await startWorker({ dataDir: tempDir(), env: WITHOUT_CHROMA });
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      signalIfSame(worker.identity, 'SIGTERM');
      await worker.ended;
      await worker.isOver();
    }
  });

  test('one shutdown ends a frozen search server', async () => {
    const worker = await running();
    const searchServer = identify(searchServerOf(worker))!;
    signalIfSame(searchServer, 'SIGSTOP');
    worker.send({ type: 'shutdown', deadlineMs: 3_000 });
    await worker.ended;
    await worker.isOver();
    expect(isAlive(searchServer)).toBe(false);
  });
});

test('an unexpected error is logged and ends the worker with nothing left', async () => {
  const dataDir = tempDir();
  const fault = join(dataDir, 'fault.cjs');
  writeFileSync(fault, "process.on('SIGUSR2', () => { Promise.reject(new Error('nobody foresaw this')); });");
  const worker = await running(dataDir, { ...WITHOUT_CHROMA, NODE_OPTIONS: `--require ${fault}` });
  signalIfSame(worker.identity, 'SIGUSR2');
  expect(await worker.ended).toEqual({ code: 1, signal: null });
  await worker.isOver();
  expect(readFileSync(join(dataDir, 'logs', 'worker.log'), 'utf8')).toContain('nobody foresaw this');
});

test('a dead search server is recorded as ended and replaced', async () => {
  const worker = await running();
  const first = searchServerOf(worker);
  signalIfSame(identify(first)!, 'SIGKILL');
  await eventually('another one answers', async () => {
    const { body } = await worker.request('GET', '/ready');
    return (
      (body.searchServer as { state: string; restarts: number }).state === 'answering' &&
      searchServerOf(worker) !== first
    );
  });
  expect(worker.messages).toContainEqual({
    type: 'ended',
    id: expect.any(Number) as number,
    identity: expect.objectContaining({ pid: first }) as object,
  });
  expect((await worker.request('GET', '/ready')).body).toMatchObject({ searchServer: { restarts: 1 } });
  expect([...worker.tree().values()].filter((command) => command.includes('search-server.js'))).toHaveLength(1);
});

describe('a worker that is killed', () => {
  test('leaves no search server', async () => {
    const worker = await running();
    signalIfSame(worker.identity, 'SIGKILL');
    await worker.isOver();
  });

  test('loses no acknowledged data and stores repeated requests once', async () => {
    const dataDir = tempDir();
    const acknowledged = new Map<string, unknown>();
    for (let generation = 0; generation < 2; generation += 1) {
      const worker = await running(dataDir);
      const { body } = await worker.request('POST', '/api/sessions', { project: 'p', sessionId: 's' });
      const add = async (observationId: string) => {
        const observation = { type: 'note', title: `observation ${observationId}`, text: 'x', observationId };
        const answer = await worker.request('POST', `/api/sessions/${String(body.id)}/observations`, observation);
        if (answer.status === 201) acknowledged.set(observationId, answer.body.id);
      };
      const writing = (async () => {
        for (let count = 0; ; count += 1)
          await Promise.all([0, 1, 2].map((lane) => add(`${generation}-${count}-${lane}`)));
      })();
      const stopped = expect(writing).rejects.toThrow();
      await eventually('much was written', () => acknowledged.size >= (generation + 1) * 20);
      signalIfSame(worker.identity, 'SIGKILL');
      await stopped;
      await worker.isOver();
    }
    const last = await running(dataDir);
    const again = await last.request('POST', '/api/sessions', { project: 'p', sessionId: 's' });
    for (const [observationId, id] of acknowledged) {
      const observation = { type: 'note', title: 'again', text: 'x', observationId };
      const answer = await last.request('POST', `/api/sessions/${String(again.body.id)}/observations`, observation);
      expect([observationId, answer.body.id]).toEqual([observationId, id]);
    }
    const { body } = await last.request('GET', '/api/search?q=again');
    expect(body.results).toEqual([]);
  });
});

describe('a worker that cannot run', () => {
  async function failure(worker: WorkerUnderTest) {
    const { code } = await worker.ended;
    await worker.isOver();
    return { code, message: worker.messages.find((message) => message.type === 'failed')?.message };
  }

  test('because its port is taken reports that and leaves the holder alone', async () => {
    const port = await freePort();
    const other = createServer((_request, response) => response.end('other'));
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const worker = await startWorker({ dataDir: tempDir(), port, env: WITHOUT_CHROMA });
    expect(await failure(worker)).toEqual({
      code: 1,
      message: `port ${port} on 127.0.0.1 is taken by another program`,
    });
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('other');
  });

  test('because its memory is damaged reports that', async () => {
    const dataDir = tempDir();
    writeFileSync(join(dataDir, 'memory.db'), 'not a database'.repeat(100));
    const { code, message } = await failure(await startWorker({ dataDir, env: WITHOUT_CHROMA }));
    expect([code, message]).toEqual([1, expect.stringContaining('is damaged')]);
  });

  test('because of an invalid setting names it', async () => {
    const worker = await startWorker({ dataDir: tempDir(), env: { CLAUDE_MEM_WORKER_HOST: '0.0.0.0' } });
    expect(await failure(worker)).toEqual({
      code: 1,
      message: 'CLAUDE_MEM_WORKER_HOST is "0.0.0.0" (from the environment)',
    });
  });
});
