import { onTestFinished } from 'vitest';
import { SessionSearch } from '../../src/memory/session-search.ts';
import { SessionStore, type SessionStoreOptions } from '../../src/memory/session-store.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** A store that is closed before its data dir is removed. */
export function openStore(dataDir: string, options: SessionStoreOptions = {}): SessionStore {
  const store = new SessionStore(dataDir, options);
  onTestFinished(() => {
    store.close();
  });
  return store;
}

/** A reader that is closed before its data dir is removed. */
export function openSearch(dataDir: string): SessionSearch {
  const search = new SessionSearch(dataDir);
  onTestFinished(() => {
    search.close();
  });
  return search;
}

/** Both on one data dir, with a session in project `alpha`. */
export function openMemory() {
  const dataDir = tempDir();
  const store = openStore(dataDir);
  const search = openSearch(dataDir);
  const { id: sessionId } = store.createSession({ project: 'alpha' });
  const remember = (title: string, text = '', files: readonly string[] = []): number =>
    store.addObservation(sessionId, { type: 'note', title, text, files })!.id;
  return { dataDir, store, search, sessionId, remember };
}
