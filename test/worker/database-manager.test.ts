import { expect, test } from 'vitest';
import { DatabaseManager, type Vectors } from '../../src/worker/database-manager.ts';
import { aLog } from '../a-log.ts';
import { openMemory } from '../memory/open-memory.ts';

const quiet: Vectors = {
  wake: () => undefined,
  observationsAdded: () => undefined,
  query: () => Promise.resolve({ available: false, reason: 'off' }),
  status: () => ({ state: 'off', reason: 'off', pending: 0, wrapperPid: null, pythonPid: null }),
  recycle: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

function open(vectors: Partial<Vectors> = {}) {
  const memory = openMemory();
  const { log, lines } = aLog();
  const parts = {
    openStore: () => memory.store,
    openSearch: () => memory.search,
    openVectors: () => ({ ...quiet, ...vectors }),
  };
  return {
    ...memory,
    manager: DatabaseManager.open(parts, log),
    steps: () => lines.map((line) => line.split('"elapsed')[0]),
  };
}

const isOpen = (use: () => unknown): boolean => {
  try {
    use();
    return true;
  } catch {
    return false;
  }
};

test('closes ChromaSync, which still writes to SQLite, before SQLite', async () => {
  const memory: ReturnType<typeof open> = open({
    close: (withinMs) => {
      expect(withinMs).toBeLessThan(1_000);
      memory.store.setWatermark('vectors', 7);
      return Promise.resolve();
    },
  });
  await Promise.all([memory.manager.close(1_000), memory.manager.close(1_000)]);
  expect(memory.steps()).toEqual([
    'info closed {"step":"ChromaSync",',
    'info closed {"step":"SessionSearch",',
    'info closed {"step":"SessionStore",',
  ]);
  expect([isOpen(() => memory.store.counts()), isOpen(() => memory.search.recent(undefined, 1))]).toEqual([
    false,
    false,
  ]);
});

test.each([
  [
    'throws',
    () => {
      throw new Error('broken');
    },
    'error could not be closed {"step":"ChromaSync","error":"broken"}',
  ],
  ['rejects', () => Promise.reject(new Error('no')), 'error could not be closed {"step":"ChromaSync","error":"no"}'],
  ['hangs', () => new Promise<void>(() => undefined), 'error not closed before the deadline {"step":"ChromaSync",'],
])('a ChromaSync that %s does not keep other parts open', async (_how, close, line) => {
  const memory = open({ close });
  await memory.manager.close(120);
  expect(memory.steps()[0]).toBe(line);
  expect([isOpen(() => memory.store.counts()), isOpen(() => memory.search.recent(undefined, 1))]).toEqual([
    false,
    false,
  ]);
});

test('closes the opened parts if a later one cannot be opened', () => {
  const { store, search } = openMemory();
  const openVectors = (): Vectors => {
    throw new Error('no vectors');
  };
  const parts = { openStore: () => store, openSearch: () => search, openVectors };
  expect(() => DatabaseManager.open(parts, aLog().log)).toThrow('no vectors');
  expect([isOpen(() => store.counts()), isOpen(() => search.recent(undefined, 1))]).toEqual([false, false]);
});
