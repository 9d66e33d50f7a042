import { describe, expect, test } from 'vitest';
import { documentId } from '../../src/chroma/document-id.ts';
import type { VectorAnswer, VectorIndex } from '../../src/chroma/vector-index.ts';
import type { SearchResult } from '../../src/memory/records.ts';
import { fuse } from '../../src/chroma/fusion.ts';
import { hybridSearch } from '../../src/chroma/hybrid-search.ts';
import { openMemory } from '../memory/open-memory.ts';

type Vectors = Pick<VectorIndex, 'query'>;

const silent: Vectors = { query: () => new Promise(() => undefined) };
const broken: Vectors = { query: () => Promise.reject(new Error('it broke')) };
const answering = (answer: VectorAnswer): Vectors => ({ query: () => Promise.resolve(answer) });

/** A memory in which semantic and keyword search give different results. */
function open() {
  const { search, remember } = openMemory();
  const ids = {
    slow: remember('slow statements', 'the database took its time'),
    exact: remember('ERR_4711', 'seen in the nightly run'),
    other: remember('lunch', 'soup'),
  };
  const near = (...wanted: (keyof typeof ids)[]): Vectors =>
    answering({
      available: true,
      matches: wanted.map((name, index) => {
        const [observation] = search.getObservations([ids[name]]);
        return { observationId: ids[name], documentId: documentId(observation!), distance: 0.5 + index / 10 };
      }),
    });
  const ask = (query: string, vectors: Vectors, budgetMs?: number) =>
    hybridSearch({ query, limit: 10 }, { vectors, memory: search }, budgetMs);
  return { ids, near, ask, remember, search };
}

const idsOf = ({ results }: { readonly results: readonly SearchResult[] }) => results.map(({ id }) => id);

describe('a semantic answer', () => {
  test('a filter by type and time applies to hits by meaning too, also if the vectors ignore it', async () => {
    const { near, search, ids } = open();
    const now = search.getObservations([ids.slow])[0]!.createdAt;
    const titles = async (filter: object) =>
      (await hybridSearch({ query: 'zzz', limit: 1, ...filter }, { vectors: near('slow', 'other'), memory: search }))
        .results;
    expect(await titles({})).toMatchObject([{ kind: 'observation', title: 'slow statements' }]);
    expect(await titles({ type: 'note', after: now })).toHaveLength(1);
    expect(await titles({ type: 'commit' })).toEqual([]);
    expect(await titles({ before: now })).toEqual([]);
    expect(await titles({ after: '2999-01-01T00:00:00.000Z' })).toEqual([]);
  });

  test('a prompt and an observation with equal ids are two results', () => {
    const hit = { id: 1, sessionId: 1, type: 'note', title: 'x', text: '', score: 0.5, createdAt: '' };
    const results = fuse(
      [],
      [
        { kind: 'observation', ...hit },
        { kind: 'prompt', ...hit },
      ],
      10,
    );
    expect(results.map(({ kind }) => kind).sort()).toEqual(['observation', 'prompt']);
  });

  test('lists semantic hits by distance, with the rows from SQLite', async () => {
    const { ids, near, ask } = open();
    const answer = await ask('performance of queries', near('slow', 'other'));
    expect(answer).toMatchObject({ mode: 'semantic', results: [{ title: 'slow statements', type: 'note' }, {}] });
    expect(answer).not.toHaveProperty('reason');
    expect(idsOf(answer)).toEqual([ids.slow, ids.other]);
  });

  test('includes keyword hits that are not in the vectors yet', async () => {
    const { ids, near, ask } = open();
    expect(idsOf(await ask('ERR_4711', near('slow')))).toContain(ids.exact);
  });

  test('leaves out vectors whose observation is missing in SQLite or was replaced', async () => {
    const { ids, ask } = open();
    const matches = [
      { observationId: ids.slow, documentId: `${ids.slow}-0123456789abcdef`, distance: 0 },
      { observationId: 999, documentId: '999-0123456789abcdef', distance: 0 },
    ];
    expect(await ask('zzz', answering({ available: true, matches }))).toEqual({ mode: 'semantic', results: [] });
  });
});

describe('a keyword answer', () => {
  test.each([
    ['Chroma is not available', answering({ available: false, reason: 'Chroma is starting' }), 'Chroma is starting'],
    ['the vectors fail', broken, 'semantic search failed: it broke'],
    ['the vectors are slow', silent, 'semantic search took longer than 0.02 s'],
  ])('a keyword answer gives the reason for keyword search when %s', async (_when, vectors, reason) => {
    const { ids, ask } = open();
    const answer = await ask('ERR_4711', vectors, 20);
    expect(answer).toMatchObject({ mode: 'keyword', reason });
    expect(idsOf(answer)).toEqual([ids.exact]);
  });
});

describe('fusion', () => {
  const observation = (id: number) => ({
    id,
    externalId: String(id),
    sessionId: 1,
    type: 'note',
    title: `observation ${id}`,
    text: '',
    files: [],
    createdAt: '2026-01-01T00:00:00.000Z',
  });
  const near = (id: number, distance: number) => ({ observation: observation(id), distance });
  const word = (id: number, score: number): SearchResult => {
    const { sessionId, type, title, text, createdAt } = observation(id);
    return { kind: 'observation', id, sessionId, type, title, text, score, createdAt };
  };
  const order = (...args: Parameters<typeof fuse>) => fuse(...args).map(({ id }) => id);

  test('ranks a hit of both searches above a hit of one', () => {
    expect(order([near(1, 0.5), near(2, 0.6)], [word(2, 0.5)], 10)).toEqual([2, 1]);
  });

  test('fusion does not rank an observation higher for a worthless word', () => {
    expect(order([near(1, 0.5), near(2, 0.6)], [word(2, 0.000_001)], 10)).toEqual([1, 2]);
  });

  test('ranks an exact name above a vague similarity', () => {
    expect(order([near(1, 1.6)], [word(2, 0.9)], 10)).toEqual([2, 1]);
  });

  test('ranks a similarity above a common word', () => {
    expect(order([near(1, 0.4)], [word(2, 0.3)], 10)).toEqual([1, 2]);
  });

  test('ranks an exact name among the first three, before observations that are nearer in meaning', () => {
    const close = Array.from({ length: 10 }, (_, index) => near(index + 1, 0.5));
    const common = close.map(({ observation: { id } }) => word(id, 0.4));
    expect(order([...close, near(99, 1.9)], [word(99, 0.92), ...common], 10).slice(0, 3)).toContain(99);
  });

  test('fusion gives scores from 0 to 1, no duplicates, and no more results than the limit', () => {
    const fused = fuse([near(1, -0.1), near(2, 9)], [word(1, 1), word(2, 0), word(3, 1)], 2);
    expect(fused).toHaveLength(2);
    for (const { score } of fused) expect(score >= 0 && score <= 1).toBe(true);
    expect(new Set(fused.map(({ id }) => id)).size).toBe(2);
  });
});
