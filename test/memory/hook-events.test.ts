import { describe, expect, test } from 'vitest';
import type { HookEvent } from '../../src/operations/hooks/hook-event.ts';
import { openMemory } from './open-memory.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 25, 10, minute)).toISOString();
const common = (id: string, minute: number) => ({ id, at: at(minute), sessionId: 'host-1', project: 'shop' });
const prompt = (text: string, minute: number): HookEvent => ({
  ...common(`p${minute}`, minute),
  kind: 'prompt',
  prompt: text,
});
const change = (file: string, minute: number): HookEvent => ({
  ...common(`o${minute}`, minute),
  kind: 'observation',
  observation: { type: 'change', title: `Edit ${file}`, text: 'new', files: [file] },
});
const plain = (kind: 'session-start' | 'stop' | 'session-end', minute: number): HookEvent => ({
  ...common(`${kind}${minute}`, minute),
  kind,
});

/** A memory after these events. */
function memoryAfter(...events: readonly HookEvent[]) {
  const memory = openMemory();
  const recordEvents = (...more: readonly HookEvent[]) => more.map((event) => memory.store.recordEvent(event).isNew);
  recordEvents(...events);
  return { ...memory, recordEvents, session: () => memory.search.sessionOf('host-1')! };
}

const SESSION = [plain('session-start', 0), prompt('fix it', 1), change('a.ts', 2), plain('stop', 3)];

test('stores prompts, observations and a summary of a session with the times of the events', () => {
  const { search, session } = memoryAfter(...SESSION, plain('session-end', 4));
  expect(session()).toMatchObject({ project: 'shop', createdAt: at(0), completedAt: at(4) });
  expect(search.promptsOf(session().id)).toMatchObject([{ text: 'fix it', createdAt: at(1) }]);
  expect(search.recent('shop', 5)).toMatchObject([{ title: 'Edit a.ts', files: ['a.ts'], createdAt: at(2) }]);
  expect(search.recentSummaries('shop', 5)).toMatchObject([{ text: 'Asked: fix it\nChanged: a.ts' }]);
  const found = search.search({ query: 'a.ts', limit: 5 });
  expect(found.map(({ kind }) => kind)).toEqual(['observation', 'summary']);
});

test('stores events once that are delivered twice', () => {
  const { store, recordEvents, session } = memoryAfter(...SESSION);
  const counts = store.counts();
  expect(recordEvents(prompt('fix it', 1), change('a.ts', 2))).toEqual([false, false]);
  recordEvents(...SESSION);
  expect(store.counts()).toEqual(counts);
  expect(session().completedAt).toBe(null);
});

test('the summary has the answers of the latest stops, in any order of delivery, and search finds every answer', () => {
  const stop = (answer: string | undefined, minute: number): HookEvent => ({
    ...common(`s${minute}`, minute),
    kind: 'stop',
    answer,
  });
  const { recordEvents, search } = memoryAfter(prompt('fix it', 1), stop('Fixed.', 5), stop(undefined, 6));
  recordEvents(stop('A retry would hide failures.', 3), stop('Fixed.', 5), stop('Fixed.', 7));
  const earlier = 'Earlier result: A retry would hide failures.';
  expect(search.recentSummaries('shop', 5)).toMatchObject([{ text: `Asked: fix it\nResult: Fixed.\n${earlier}` }]);
  recordEvents(stop('Also <private>x</private> tested.', 8));
  expect(search.recentSummaries('shop', 5)).toMatchObject([
    { text: `Asked: fix it\nResult: Also [private] tested.\nEarlier result: Fixed.\n${earlier}` },
  ]);
  expect(search.newest({ type: 'answer' }, 9).map(({ title }) => title)).toHaveLength(3);
  expect(search.search({ query: 'hide failures', type: 'answer', limit: 5 })).toMatchObject([{ createdAt: at(3) }]);
  expect(search.withoutSummary('shop', 9)).toEqual([]);
});

test('steps have no summary until the next stop of their session', () => {
  const { recordEvents, search } = memoryAfter(...SESSION);
  expect(search.withoutSummary('shop', 9)).toEqual([]);
  recordEvents(change('b.ts', 5));
  expect(search.withoutSummary('shop', 9)).toMatchObject([{ title: 'Edit b.ts' }]);
  recordEvents(prompt('and\nc.ts', 6), change('c.ts', 7));
  expect(search.withoutSummary('shop', 9).map(({ title }) => title)).toEqual(['Edit c.ts', 'and', 'Edit b.ts']);
  expect(search.withoutSummary('other', 9)).toEqual([]);
  recordEvents(plain('stop', 8));
  expect(search.withoutSummary('shop', 9)).toEqual([]);
});

test('keeps one summary per session and updates it', () => {
  const { recordEvents, search } = memoryAfter(...SESSION);
  recordEvents(prompt('and test it', 5), plain('stop', 6));
  expect(search.recentSummaries('shop', 5)).toMatchObject([
    { text: 'Asked: fix it\nAsked: and test it\nChanged: a.ts', createdAt: at(6) },
  ]);
});

describe('a late event', () => {
  test('a late event is stored and summarized, and does not reopen the session', () => {
    const { recordEvents, search, session } = memoryAfter(
      plain('session-start', 0),
      prompt('fix it', 1),
      plain('session-end', 9),
    );
    expect(recordEvents(change('late.ts', 5), prompt('early', 2))).toEqual([true, true]);
    expect(session().completedAt).toBe(at(9));
    expect(search.recentSummaries('shop', 5)).toMatchObject([
      { text: 'Asked: fix it\nAsked: early\nChanged: late.ts' },
    ]);
  });

  test('reopens a session that is resumed', () => {
    const { recordEvents, session } = memoryAfter(...SESSION, plain('session-end', 4));
    recordEvents(plain('session-start', 1));
    expect(session().completedAt).toBe(at(4));
    recordEvents({ ...plain('session-start', 30), project: 'elsewhere' });
    expect(session()).toMatchObject({ completedAt: null, project: 'shop' });
  });
});

test('writes no summary for an empty session', () => {
  const { store } = memoryAfter(plain('session-start', 0), plain('stop', 1), plain('session-end', 2));
  expect(store.counts()).toMatchObject({ sessions: 2, summaries: 0 });
});

describe('files of the spool', () => {
  const file = (id: string, event?: HookEvent) => ({ id, event });

  test('a file that was stored before changes nothing, even if its session has ended and continued since', () => {
    const { store, search, session } = memoryAfter(...SESSION);
    const files = [file('1', plain('session-end', 4)), file('2', prompt('more', 5))];
    expect(store.recordSpooled(files, true)).toEqual([true, true]);
    expect(session().completedAt).toBeNull();
    // The worker was killed before it removed the files.
    expect([store.recordSpooled(files.slice(0, 1), false), store.recordSpooled(files.slice(1), false)]).toEqual([
      [false],
      [false],
    ]);
    expect(session().completedAt).toBeNull();
    expect(search.promptsOf(session().id)).toHaveLength(2);
  });

  test('an input with nothing to store is remembered too', () => {
    const { store } = memoryAfter();
    const before = store.counts();
    expect(store.recordSpooled([file('1')], true)).toEqual([false]);
    expect(store.counts()).toEqual(before);
  });

  test('files that are gone are forgotten, so that the memory does not grow with them', () => {
    const { store } = memoryAfter();
    store.recordSpooled([file('1', prompt('a', 1))], false);
    store.recordSpooled([file('2', prompt('b', 2))], true);
    expect(store.recordSpooled([file('1', prompt('c', 3))], false)).toEqual([true]);
    expect(store.recordSpooled([file('2', prompt('d', 4))], false)).toEqual([false]);
  });

  test('a failure in the middle stores none of the files', () => {
    const { store } = memoryAfter();
    const broken = { ...prompt('b', 2), sessionId: undefined } as unknown as HookEvent;
    expect(() => store.recordSpooled([file('1', prompt('a', 1)), file('2', broken)], true)).toThrow();
    expect(store.counts().prompts).toBe(0);
    expect(store.recordSpooled([file('1', prompt('a', 1))], true)).toEqual([true]);
  });
});
