import { expect, test } from 'vitest';
import { identify, isAlive, signalIfSame } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { type AvailableStack, describeWithChroma } from '../helpers/semantic-stack.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { startWorker, type WorkerUnderTest } from './worker-process.ts';

const NOTES = ['a cat sleeps on the sofa', 'the database query was slow', 'the train to the coast was late'];

async function running(stack: AvailableStack, dataDir = tempDir()): Promise<WorkerUnderTest> {
  const worker = await startWorker({ dataDir, home: stack.home, env: { ...stack.env, CLAUDE_MEM_UVX: stack.uvx } });
  await worker.ready();
  return worker;
}

async function remember(worker: WorkerUnderTest, titles: readonly string[] = NOTES): Promise<void> {
  const session = await worker.request('POST', '/api/sessions', { project: 'p' });
  for (const title of titles) {
    const observation = { type: 'note', title, text: '' };
    await worker.request('POST', `/api/sessions/${String(session.body.id)}/observations`, observation);
  }
}

async function search(worker: WorkerUnderTest, query: string) {
  const { body } = await worker.request('GET', `/api/search?q=${encodeURIComponent(query)}&limit=1`);
  return body as { mode: string; reason?: string; results: { title: string }[] };
}

async function findByMeaning(worker: WorkerUnderTest): Promise<void> {
  await eventually(
    'it is found by meaning',
    async () => {
      const { mode, results } = await search(worker, 'sql problem');
      return mode === 'semantic' && results[0]?.title === 'the database query was slow';
    },
    { withinMs: 30_000 },
  );
}

async function chroma(worker: WorkerUnderTest): Promise<readonly number[]> {
  const { body } = await worker.request('GET', '/api/processes');
  return (body.processes as { role: string; pid: number }[])
    .filter(({ role }) => role === 'chroma-sync')
    .map(({ pid }) => pid);
}

describeWithChroma('a worker with the real Chroma', (stack) => {
  test('a worker starts Chroma with the first session, answers by keyword meanwhile, then by meaning, and ends everything', async () => {
    const worker = await running(stack);
    expect(await chroma(worker)).toEqual([]);
    await remember(worker);
    expect(await search(worker, 'database')).toMatchObject({
      mode: 'keyword',
      reason: 'Chroma is starting',
      results: [{ title: 'the database query was slow' }],
    });
    await findByMeaning(worker);
    expect(await chroma(worker)).toHaveLength(2);
    const roles = worker.messages
      .filter((message) => message.type === 'register')
      .map((message) => message.registration.role);
    expect(roles).toEqual(['search', 'chroma-sync', 'chroma-sync']);
    const modes = worker.messages.filter((message) => message.type === 'search-mode').map(({ mode }) => mode);
    expect(modes.at(-1)).toBe('semantic');
    worker.send({ type: 'shutdown', deadlineMs: 4_000 });
    expect(await worker.ended).toEqual({ code: 0, signal: null });
    await worker.isOver(1_000);
    expect(worker.messages.filter(({ type }) => type === 'ended')).toHaveLength(3);
  });

  test('a worker finds observations from before its restart', async () => {
    const dataDir = tempDir();
    const first = await running(stack, dataDir);
    await remember(first);
    // Killed while Chroma is starting, so the vectors are empty.
    signalIfSame(first.identity, 'SIGKILL');
    await first.isOver();
    const second = await running(stack, dataDir);
    await search(second, 'sql problem');
    await findByMeaning(second);
  });

  test('a worker recycles Chroma on request and continues', async () => {
    const worker = await running(stack);
    await remember(worker);
    await findByMeaning(worker);
    const before = await chroma(worker);
    worker.send({ type: 'recycle-chroma', reason: 'it grew' });
    await eventually('the first one is gone', () => before.every((pid) => identify(pid) === undefined));
    await findByMeaning(worker);
    expect(await chroma(worker)).not.toEqual(before);
  });

  test('a worker killed during a session leaves nothing', async () => {
    const worker = await running(stack);
    await remember(worker);
    await findByMeaning(worker);
    const pids = [...worker.tree().keys()].map((pid) => identify(pid)!);
    signalIfSame(worker.identity, 'SIGKILL');
    await worker.isOver();
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('a worker shut down while Chroma starts leaves nothing', async () => {
    for (const delayMs of [0, 300, 900]) {
      const worker = await running(stack);
      await remember(worker, []);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      worker.send({ type: 'shutdown', deadlineMs: 4_000 });
      expect(await worker.ended).toEqual({ code: 0, signal: null });
      await worker.isOver(1_000);
    }
  });
});
