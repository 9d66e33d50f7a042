import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../helpers/temp-dir.ts';
import { openMemory, openSearch, openStore } from './open-memory.ts';

const MORNING = new Date('2026-03-01T08:00:00.000Z');
const note = { type: 'note', title: 'a title', text: 'a text' };

describe('sessions', () => {
  test('the same sessionId gives the same session', () => {
    const store = openStore(tempDir(), { now: () => MORNING });
    const first = store.createSession({ project: 'alpha', sessionId: 'caller-1' });
    const again = store.createSession({ project: 'alpha', sessionId: 'caller-1' });
    expect(first).toEqual({
      id: first.id,
      externalId: 'caller-1',
      project: 'alpha',
      createdAt: '2026-03-01T08:00:00.000Z',
      completedAt: null,
    });
    expect(again).toEqual(first);
    expect(store.counts().sessions).toBe(1);
  });

  test('each session without a sessionId is a new one', () => {
    const store = openStore(tempDir());
    expect(store.createSession({ project: 'alpha' }).id).not.toBe(store.createSession({ project: 'alpha' }).id);
  });

  test('a repeated creation stores its prompt once; another prompt is added', () => {
    const { store, search } = openMemory();
    const { id } = store.createSession({ project: 'alpha', sessionId: 's', prompt: 'fix the login' });
    store.createSession({ project: 'alpha', sessionId: 's', prompt: 'fix the login' });
    store.createSession({ project: 'alpha', sessionId: 's', prompt: 'now the logout' });
    expect(search.promptsOf(id).map(({ text }) => text)).toEqual(['fix the login', 'now the logout']);
  });

  test('completing twice keeps the first time; resuming reopens the session', () => {
    let now = MORNING;
    const store = openStore(tempDir(), { now: () => now });
    const { id } = store.createSession({ project: 'alpha', sessionId: 's' });
    expect(store.completeSession(id)?.completedAt).toBe(MORNING.toISOString());
    now = new Date('2026-03-01T09:00:00.000Z');
    expect(store.completeSession(id)?.completedAt).toBe(MORNING.toISOString());
    expect(store.createSession({ project: 'alpha', sessionId: 's' })).toMatchObject({ id, completedAt: null });
  });

  test('a session that does not exist accepts no data', () => {
    const store = openStore(tempDir());
    expect(store.getSession(7)).toBeUndefined();
    expect(store.completeSession(7)).toBeUndefined();
    expect(store.addObservation(7, note)).toBeUndefined();
    expect(store.addPrompt(7, 'text')).toBeUndefined();
    expect(store.addSummary(7, 'text')).toBeUndefined();
    expect(store.counts()).toEqual({ sessions: 0, prompts: 0, observations: 0, summaries: 0 });
  });
});

describe('observations', () => {
  test('observations are read back as stored', () => {
    const { store, search, sessionId } = openMemory();
    const given = { type: 'bugfix', title: 'Ünïcode 😀', text: 'a\n"quoted" text', files: ['src/a b.ts', 'é'] };
    const stored = store.addObservation(sessionId, { ...given, observationId: 'o-1' })!;
    expect(search.getObservations([stored.id])).toEqual([
      { ...given, id: stored.id, externalId: 'o-1', sessionId, createdAt: expect.any(String) as string },
    ]);
  });

  test('a repeated delivery is stored once and gets the same id', () => {
    const { store, sessionId } = openMemory();
    const first = store.addObservation(sessionId, { ...note, observationId: 'o-1' })!;
    const again = store.addObservation(sessionId, { ...note, observationId: 'o-1' });
    expect(first.isNew).toBe(true);
    expect(again).toEqual({ id: first.id, isNew: false });
    expect(store.counts().observations).toBe(1);
  });

  test('each observation without an observationId is new and gets its own id', () => {
    const { store, sessionId } = openMemory();
    store.addObservation(sessionId, note);
    store.addObservation(sessionId, note);
    const [first, second] = store.observationsAfter(0, 10);
    expect(first!.externalId).not.toBe(second!.externalId);
  });

  test('a completed session accepts observations', () => {
    const { store, sessionId } = openMemory();
    store.completeSession(sessionId);
    expect(store.addObservation(sessionId, note)?.isNew).toBe(true);
  });

  test('a NUL does not truncate a text', () => {
    const { remember, search } = openMemory();
    const id = remember('title', 'before\0after');
    expect(search.getObservations([id])[0]?.text).toBe('before\uFFFDafter');
  });

  test('half a surrogate pair is stored as the replacement character', () => {
    const { remember, search } = openMemory();
    const id = remember('title', 'a\uD83Db');
    expect(search.getObservations([id])[0]?.text).toBe('a\uFFFDb');
  });

  test('a text of 5 MB is stored whole', () => {
    const { remember, search } = openMemory();
    const text = 'x'.repeat(5_000_000);
    expect(search.getObservations([remember('long', text)])[0]?.text).toBe(text);
  });
});

describe('for a vector store', () => {
  test('observations after the watermark come in the order of their ids, which are never reused', () => {
    const { store, remember } = openMemory();
    const ids = [remember('a'), remember('b'), remember('c')];
    expect(store.observationsAfter(0, 2).map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(store.observationsAfter(ids[1]!, 10).map(({ title }) => title)).toEqual(['c']);
    expect(store.countObservationsAfter(ids[0]!)).toBe(2);
    expect(store.observationsAfter(ids[2]!, 10)).toEqual([]);
  });

  test('each vector store has its own watermark, which survives a reopening', () => {
    const dataDir = tempDir();
    const store = openStore(dataDir);
    store.setWatermark('local', 5);
    store.setWatermark('local', 7);
    store.setWatermark('remote', 2);
    const databaseId = store.databaseId();
    store.close();
    const reopened = openStore(dataDir);
    expect(['local', 'remote', 'other'].map((id) => reopened.watermark(id))).toEqual([7, 2, 0]);
    expect(reopened.databaseId()).toBe(databaseId);
    expect(openStore(tempDir()).databaseId()).not.toBe(databaseId);
  });
});

describe('the file', () => {
  test('the database file and its log are private', () => {
    const { dataDir } = openMemory();
    const modes = ['memory.db', 'memory.db-wal', 'memory.db-shm'].map(
      (name) => statSync(join(dataDir, name)).mode & 0o777,
    );
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });

  test('a database file that is not private becomes private', () => {
    const dataDir = tempDir();
    openStore(dataDir).close();
    chmodSync(join(dataDir, 'memory.db'), 0o644);
    openStore(dataDir);
    expect(statSync(join(dataDir, 'memory.db')).mode & 0o777).toBe(0o600);
  });

  test('an empty file becomes a memory', () => {
    const dataDir = tempDir();
    writeFileSync(join(dataDir, 'memory.db'), '');
    expect(openStore(dataDir).createSession({ project: 'alpha' }).id).toBe(1);
  });

  test('closing empties the log into the database', () => {
    const { dataDir, store, remember } = openMemory();
    remember('kept');
    store.close();
    expect(statSync(join(dataDir, 'memory.db-wal'), { throwIfNoEntry: false })?.size ?? 0).toBe(0);
    expect(openSearch(dataDir).recent(undefined, 10)).toHaveLength(1);
  });

  test('closing twice does nothing; using a closed store is refused', () => {
    const { store, search, remember } = openMemory();
    search.recent(undefined, 1);
    store.close();
    store.close();
    search.close();
    search.close();
    expect(() => remember('late')).toThrow('closed');
    expect(() => search.recent(undefined, 1)).toThrow('closed');
  });

  test('the database path may contain special characters', () => {
    const dataDir = join(tempDir(), 'a b?mode=memory#c%20é');
    expect(() => openStore(dataDir)).toThrow('its folder does not exist');
    mkdirSync(dataDir);
    openStore(dataDir).createSession({ project: 'alpha' });
    expect(readdirSync(dataDir)).toContain('memory.db');
    expect(openSearch(dataDir).recentSessions('alpha', 1)).toHaveLength(1);
  });
});
