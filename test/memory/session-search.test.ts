import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../helpers/temp-dir.ts';
import { openMemory, openSearch, openStore } from './open-memory.ts';

describe('keyword search', () => {
  test('keyword search returns rows as the HTTP API sends them', () => {
    const { search, remember, sessionId } = openMemory();
    const id = remember('Login fixed', 'the token had expired', ['src/auth.ts']);
    const [result] = search.search({ query: 'login', limit: 10 });
    expect(result).toEqual({
      kind: 'observation',
      id,
      sessionId,
      type: 'note',
      title: 'Login fixed',
      text: 'the token had expired',
      score: expect.any(Number) as number,
      createdAt: expect.any(String) as string,
    });
  });

  test('keyword search matches title, text, file names, word forms, and ignores accents', () => {
    const { search, remember } = openMemory();
    const id = remember('Crashed on café', 'reading session_id', ['src/auth/login.ts']);
    for (const query of ['crashes', 'cafe', 'session_id', 'login.ts', 'src/auth', '"reading session"', 'SESSION']) {
      expect([query, search.search({ query, limit: 10 }).map((result) => result.id)]).toEqual([query, [id]]);
    }
  });

  test('keyword search ranks more and rarer words first, titles before texts, newer before older', () => {
    const { search, remember } = openMemory();
    for (let index = 0; index < 20; index++) remember(`filler ${index}`, 'nothing of interest');
    const older = remember('something', 'a deadlock');
    const newer = remember('something', 'a deadlock');
    const title = remember('deadlock', 'something here');
    const both = remember('deadlock', 'a deadlock in migration');
    const results = search.search({ query: 'deadlock migration', limit: 10 });
    expect(results.map(({ id }) => id)).toEqual([both, title, newer, older]);
    const scores = results.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    for (const score of scores) expect(score >= 0 && score <= 1).toBe(true);
  });

  test('keyword search respects the project and the limit', () => {
    const { search, store, remember } = openMemory();
    remember('shared word');
    const other = store.createSession({ project: 'beta' }).id;
    for (const title of ['shared one', 'shared two']) store.addObservation(other, { type: 'note', title, text: '' });
    expect(search.search({ query: 'shared', limit: 10, project: 'alpha' }).map(({ title }) => title)).toEqual([
      'shared word',
    ]);
    expect(search.search({ query: 'shared', limit: 10, project: 'beta' })).toHaveLength(2);
    expect(search.search({ query: 'shared', limit: 2 })).toHaveLength(2);
    expect(search.search({ query: 'shared', limit: 10, project: 'gamma' })).toEqual([]);
  });

  test('keyword search falls back to substrings: parts of words, of sentences without spaces, emoji', () => {
    const { search, remember } = openMemory();
    const english = remember('Authentication works', '');
    const chinese = remember('修复了登录错误', '');
    const emoji = remember('Deploy 🚀 done', '');
    const ids = (query: string) => search.search({ query, limit: 10 }).map(({ id }) => id);
    expect(ids('UTHENTIC')).toEqual([english]);
    expect(ids('登录')).toEqual([chinese]);
    expect(ids('🚀')).toEqual([emoji]);
    expect(ids('登录 🚀')).toEqual([]);
    expect(search.search({ query: '登录', limit: 10, project: 'beta' })).toEqual([]);
  });

  test('an empty query finds nothing', () => {
    const { search, remember } = openMemory();
    remember('something');
    expect(search.search({ query: '  ', limit: 10 })).toEqual([]);
  });

  const AWKWARD = [
    '"',
    '""',
    "'",
    '*',
    '^a',
    'a OR',
    'NOT',
    'AND AND',
    'NEAR(',
    'title:',
    '{title}',
    '-',
    '+',
    '(',
    'a\0b',
    '\\',
    '%',
    '_',
  ];
  test.each([
    ...AWKWARD,
    '\uD83D',
    '😀',
    '"; DROP TABLE observations; --',
    'x'.repeat(1_000_000),
    '"a '.repeat(50_000),
  ])('treats the query %.40j as plain words', (query) => {
    const { search, remember } = openMemory();
    remember('something');
    expect(() => search.search({ query, limit: 10 })).not.toThrow();
  });

  test('no query throws', () => {
    const { search, remember } = openMemory();
    remember('something', 'with words in it');
    const piece = fc.oneof(
      fc.constantFrom(...AWKWARD, ' '),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => Array.isArray(search.search({ query: pieces.join(''), limit: 5 }))),
      { numRuns: 300 },
    );
  });
});

describe('reading', () => {
  test('getObservations keeps the given order and leaves out unknown ids', () => {
    const { search, remember } = openMemory();
    const [a, b, c] = [remember('a'), remember('b'), remember('c')];
    expect(search.getObservations([c, 999, a, b, -1, 1.5]).map(({ title }) => title)).toEqual(['c', 'a', 'b']);
    expect(search.getObservations([])).toEqual([]);
  });

  test('recent lists the newest of a project first', () => {
    const { search, store, remember, sessionId } = openMemory();
    remember('first');
    remember('second');
    const other = store.createSession({ project: 'beta' }).id;
    store.addObservation(other, { type: 'note', title: 'elsewhere', text: '' });
    store.addSummary(sessionId, 'of alpha');
    store.addSummary(other, 'of beta');
    const titles = (project: string | undefined) => search.recent(project, 2).map(({ title }) => title);
    expect(titles('alpha')).toEqual(['second', 'first']);
    expect(titles(undefined)).toEqual(['elsewhere', 'second']);
    expect(titles('gamma')).toEqual([]);
    expect(search.recentSummaries('alpha', 5)).toMatchObject([{ sessionId, text: 'of alpha' }]);
    expect(search.recentSessions(undefined, 5).map(({ project }) => project)).toEqual(['beta', 'alpha']);
  });

  test('a reader sees everything committed before the call', () => {
    const { search, remember } = openMemory();
    for (let count = 1; count <= 5; count++) {
      remember(`word ${count}`);
      expect(search.recent(undefined, 10)).toHaveLength(count);
      expect(search.search({ query: 'word', limit: 10 })).toHaveLength(count);
    }
  });

  test('a reader does not prevent the writer from emptying its log', () => {
    const { dataDir, search, store, remember } = openMemory();
    remember('word');
    search.search({ query: 'word', limit: 1 });
    store.close();
    expect(openStore(dataDir).counts().observations).toBe(1);
  });

  test('a missing memory is empty and is read once it exists', () => {
    const dataDir = tempDir();
    const search = openSearch(dataDir);
    expect(search.search({ query: 'word', limit: 1 })).toEqual([]);
    const store = openStore(dataDir);
    expect(search.recentSessions(undefined, 1)).toEqual([]);
    store.createSession({ project: 'alpha' });
    expect(search.recentSessions(undefined, 1)).toHaveLength(1);
  });
});
