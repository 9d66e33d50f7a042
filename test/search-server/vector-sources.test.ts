import { describe, expect, test } from 'vitest';
import type { VectorAnswer, VectorState } from '../../src/chroma/vector-index.ts';
import { type OwnIndex, OwnVectors } from '../../src/search-server/own-vectors.ts';
import { VectorSources } from '../../src/search-server/vector-sources.ts';
import { aLog } from '../a-log.ts';

const query = { text: 'x', limit: 3 };
const found: VectorAnswer = { available: true, matches: [] };
const refused: VectorAnswer = { available: false, reason: 'the vectors are in use' };

function anOwnChroma(answer: VectorAnswer = found) {
  const calls: string[] = [];
  const state = { now: 'asleep' as VectorState };
  const index: OwnIndex = {
    query: ({ waitMs }) => {
      calls.push(`query, waits ${waitMs ?? 0} ms`);
      state.now = 'ready';
      return Promise.resolve(answer);
    },
    status: () => ({ state: state.now, reason: null }),
    recycle: (reason) => {
      calls.push(`recycle: ${reason}`);
      state.now = 'asleep';
      return Promise.resolve();
    },
    close: () => {
      calls.push('close');
      return Promise.resolve();
    },
  };
  return { index, calls };
}

describe('the own Chroma of a search server', () => {
  test('opens with the first query, once, and the query waits for its start', async () => {
    const { index, calls } = anOwnChroma();
    let opened = 0;
    const open = () => ((opened += 1), index);
    const vectors = new OwnVectors({ open, log: aLog().log, startWaitMs: 100 });
    expect([opened, vectors.isOpen]).toEqual([0, false]);
    await vectors.query(query);
    await vectors.query(query);
    expect([opened, vectors.isOpen, calls]).toEqual([1, true, ['query, waits 100 ms', 'query, waits 100 ms']]);
  });

  test('the own Chroma of a search server does not fail a query if it cannot be opened', async () => {
    const { log, lines } = aLog();
    const open = () => {
      throw new Error('cannot write the manifest');
    };
    const vectors = new OwnVectors({ open, log });
    expect(await vectors.query(query)).toEqual({ available: false, reason: 'cannot write the manifest' });
    expect(lines).toHaveLength(1);
  });

  test('the own Chroma of a search server does not open before the memory exists', async () => {
    const { index } = anOwnChroma();
    const memory: { index: OwnIndex | undefined } = { index: undefined };
    const vectors = new OwnVectors({ open: () => memory.index, log: aLog().log });
    expect(await vectors.query(query)).toEqual({ available: false, reason: 'nothing is stored yet' });
    memory.index = index;
    expect(await vectors.query(query)).toEqual(found);
  });

  test('the own Chroma of a search server does not open again after closing', async () => {
    const { index, calls } = anOwnChroma();
    const vectors = new OwnVectors({ open: () => index, log: aLog().log });
    await vectors.close(10);
    expect(await vectors.query(query)).toMatchObject({ available: false });
    expect(calls).toEqual([]);
  });
});

describe('the two vector sources', () => {
  function sources(fromWorker: VectorAnswer | undefined) {
    const { index, calls } = anOwnChroma();
    const worker = { query: () => Promise.resolve(fromWorker) };
    const own = new OwnVectors({ open: () => index, log: aLog().log, startWaitMs: 0 });
    return { own, calls, alone: new VectorSources(worker, own), inTree: new VectorSources(worker, undefined) };
  }

  test('the worker is asked first', async () => {
    const { alone, inTree, calls } = sources(found);
    expect([await alone.query(query), await inTree.query(query), calls]).toEqual([found, found, []]);
  });

  test('vectors of a worker that has none now are not opened beside it', async () => {
    const { alone, calls } = sources(refused);
    expect([await alone.query(query), calls]).toEqual([refused, []]);
  });

  test('the own Chroma answers if there is no worker', async () => {
    const { alone, calls } = sources(undefined);
    expect([await alone.query(query), calls]).toEqual([found, ['query, waits 0 ms']]);
  });

  test('a search server in a tree uses only the worker', async () => {
    const { inTree } = sources(undefined);
    expect(await inTree.query(query)).toEqual({ available: false, reason: 'the worker does not answer' });
  });

  test('a worker that starts meanwhile gets the vectors after one last answer', async () => {
    const { own, alone, calls } = sources(refused);
    await own.query(query);
    expect(await alone.query(query)).toEqual(found);
    expect(calls.at(-1)).toBe('recycle: a worker has started');
    expect(own.isOpen).toBe(false);
    expect(await alone.query(query)).toEqual(refused);
  });
});
