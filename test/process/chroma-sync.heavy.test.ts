import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hybridSearch } from '../../src/chroma/hybrid-search.ts';
import { SessionSearch } from '../../src/memory/session-search.ts';
import { isLockFree } from '../../src/state/locks/lock.ts';
import { eventually } from '../helpers/eventually.ts';
import { describeWithChroma } from '../helpers/semantic-stack.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { found, syncHarness } from './chroma-harness.ts';

describeWithChroma('ChromaSync with the real Chroma', (stack) => {
  test('Chroma starts at the first search, finds by meaning, and leaves nothing after closing', async () => {
    const { open, remember, state, filled, running, registered, ended, dependencies, dataDir } =
      await syncHarness(stack);
    remember('a cat sleeps on the sofa');
    const slow = remember('the database query was slow');
    const sync = open();
    expect(sync.status()).toMatchObject({ state: 'asleep', reason: null, pending: 2, wrapperPid: null });
    expect(running().size).toBe(0);
    expect(await sync.query({ text: 'sql problem', limit: 1 })).toEqual({
      available: false,
      reason: 'Chroma is starting',
    });
    await state(sync, 'ready');
    await filled(sync);
    expect(await found(sync, 'sql problem')).toEqual([slow]);

    const { wrapperPid, pythonPid } = sync.status();
    expect([...running().keys()].sort()).toEqual([wrapperPid, pythonPid].sort());
    expect(registered).toMatchObject([
      { role: 'chroma-sync', identity: { pid: wrapperPid }, owner: { pid: dependencies.own.pid } },
      { role: 'chroma-sync', identity: { pid: pythonPid }, owner: { pid: wrapperPid } },
    ]);
    expect(await isLockFree(join(dataDir, 'vectors.lock'))).toBe(false);

    await sync.close(5_000);
    expect(running().size).toBe(0);
    expect(ended.map(({ pid }) => pid).sort()).toEqual([wrapperPid, pythonPid].sort());
    expect(await isLockFree(join(dataDir, 'vectors.lock'))).toBe(true);
    expect(sync.status().state).toBe('closed');
    expect(await sync.query({ text: 'sql problem', limit: 1 })).toMatchObject({ available: false });
  });

  test('a backfill alone does not start Chroma; a new observation does, is added to the vectors, and is found by an exact name', async () => {
    const { open, remember, running, filled, dataDir } = await syncHarness(stack);
    remember('a cat sleeps on the sofa');
    const sync = open();
    expect(sync.status()).toMatchObject({ state: 'asleep', pending: 1 });
    expect(running().size).toBe(0);
    remember('the train to the coast was late');
    sync.observationsAdded();
    await filled(sync);
    const later = remember('the database query was slow');
    sync.observationsAdded();
    await filled(sync);
    expect(await found(sync, 'sql problem')).toEqual([later]);

    // Embeddings hardly represent a name, so the keyword hits must bring it to the top.
    for (let number = 0; number < 12; number += 1) remember(`login to the database failed, attempt ${number}`);
    const exact = ['ERR_4711', '9f8e7d6c5b4a', 'parseManifest'].map((name) => remember(`lunch with ${name}`));
    sync.observationsAdded();
    await filled(sync);
    const memory = new SessionSearch(dataDir);
    onTestFinished(() => {
      memory.close();
    });
    for (const [index, query] of [
      'ERR_4711',
      'the login to the database failed with 9f8e7d6c5b4a',
      'why does parseManifest fail to log in to the database',
    ].entries()) {
      const answer = await hybridSearch({ query, limit: 10 }, { vectors: sync, memory }, 20_000);
      expect(answer.mode).toBe('semantic');
      expect(answer.results.slice(0, 3).map(({ id }) => id)).toContain(exact[index]);
    }
  });

  test('stored observations are found after a restart and after the vectors were deleted', async () => {
    const { open, remember, filled, dataDir, logged } = await syncHarness(stack);
    const ids = ['a cat sleeps on the sofa', 'the database query was slow', 'the train was late'].map((title) =>
      remember(title),
    );
    const first = open();
    first.wake();
    await filled(first);
    await first.close(5_000);

    const second = open();
    expect(second.status().pending).toBe(0);
    expect(await found(second, 'sql problem')).toEqual([ids[1]]);
    await second.close(5_000);
    expect(logged.filter((line) => line.includes('the vectors are incomplete'))).toEqual([]);

    rmSync(join(dataDir, 'vectors'), { recursive: true });
    const third = open();
    third.wake();
    const isSeen = () => logged.some((line) => line.includes('the vectors are incomplete'));
    await eventually('the gap is seen', isSeen, { withinMs: 60_000 });
    await filled(third);
    expect((await found(third, 'an animal', 3)).toSorted()).toEqual(ids);
  });

  test('search respects project and type, and any text can be stored', async () => {
    const { open, remember, store, filled } = await syncHarness(stack);
    const beta = store.createSession({ project: 'be"ta \ud800' });
    const cat = remember('a cat sleeps on the sofa');
    const other = remember('another cat sleeps in a box', beta.id);
    for (const junk of ['\ud83d', 'nul \0 byte', '猫在沙发上睡觉 🐈', 'x'.repeat(200_000), ' ']) remember(junk);
    const sync = open();
    sync.wake();
    await filled(sync);
    const ask = (project: string) => sync.query({ text: 'cat \udc00', limit: 1, project });
    expect(await ask('alpha')).toMatchObject({ matches: [{ observationId: cat }] });
    expect(await ask('be"ta \ud800')).toMatchObject({ matches: [{ observationId: other }] });
    expect(await ask('no such project')).toEqual({ available: true, matches: [] });
    const askFor = (type: string) => sync.query({ text: 'cat', limit: 1, project: 'alpha', type });
    expect(await askFor('note')).toMatchObject({ matches: [{ observationId: cat }] });
    expect(await askFor('commit')).toEqual({ available: true, matches: [] });
  });

  test('a query does not wait for a backfill', async () => {
    const { open, remember, state, filled } = await syncHarness(stack);
    for (let index = 0; index < 60; index += 1) remember(`note ${index}: the train number ${index} was late again`);
    const sync = open();
    sync.wake();
    await state(sync, 'ready');
    await eventually('the backfill is under way', () => sync.status().pending < 60);
    const times: number[] = [];
    while (sync.status().pending > 0) {
      const startedAt = performance.now();
      // On a loaded machine a single batch can take seconds.
      const answer = await sync.query({ text: 'delayed railway', limit: 3, waitMs: 8_000 });
      times.push(performance.now() - startedAt);
      expect(answer.available).toBe(true);
    }
    // Each query let at most one batch through, so there were many.
    expect(times.length).toBeGreaterThan(3);
    await filled(sync);
    expect(new Set(await found(sync, 'delayed railway', 200)).size).toBe(60);
    if (process.env.CLAUDE_MEM_SHOW_FIGURES) console.log(times.map(Math.round).join(' '));
  });

  test('continuous queries do not prevent new observations from being written', async () => {
    const { open, remember, state, filled } = await syncHarness(stack);
    for (let index = 0; index < 12; index += 1) remember(`note ${index}: the train number ${index} was late again`);
    const sync = open();
    sync.wake();
    await state(sync, 'ready');
    let isOver = false;
    const clients = Array.from({ length: 4 }, async () => {
      while (!isOver) await sync.query({ text: 'delayed railway', limit: 3 });
    });
    try {
      await filled(sync);
    } finally {
      isOver = true;
      await Promise.all(clients);
    }
  });

  test('an idle Chroma closes, releases the vectors, and starts again on request', async () => {
    const { open, remember, state, running, gone, dataDir } = await syncHarness(stack, {
      settings: { chromaIdleSeconds: 3 },
    });
    const cat = remember('a cat sleeps on the sofa');
    const sync = open();
    sync.wake();
    await state(sync, 'ready');
    await state(sync, 'asleep');
    await gone();
    await eventually('the lock is free', () => isLockFree(join(dataDir, 'vectors.lock')));
    expect(await found(sync, 'an animal')).toEqual([cat]);
    expect(running().size).toBe(2);
  });

  test('a recycle ends the old pair, and the next request starts another', async () => {
    const { open, remember, filled, running } = await syncHarness(stack);
    const cat = remember('a cat sleeps on the sofa');
    const sync = open();
    sync.wake();
    await filled(sync);
    const before = [...running().keys()];
    await sync.recycle('too large');
    expect(running().size).toBe(0);
    expect(sync.status().state).toBe('asleep');
    expect(await found(sync, 'an animal')).toEqual([cat]);
    expect([...running().keys()].some((pid) => before.includes(pid))).toBe(false);
  });

  test('works in a data dir with spaces; a file in place of the vectors is an error', async () => {
    const dataDir = join(tempDir(), 'a data dir');
    mkdirSync(dataDir);
    const { open, remember, filled } = await syncHarness(stack, { dataDir });
    const cat = remember('a cat sleeps on the sofa');
    const sync = open();
    sync.wake();
    await filled(sync);
    expect(await found(sync, 'an animal')).toEqual([cat]);
    expect(readdirSync(join(dataDir, 'vectors'))).toContain('chroma.sqlite3');
  });
});
