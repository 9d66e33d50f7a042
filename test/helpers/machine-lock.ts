import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';

const PAUSE_MS = 100;

/**
 * Runs an action under a lock that is unique on this machine. The lock is an SQLite transaction, so the kernel releases it if its owner
 * dies.
 * @throws Error if the lock is not free in time.
 */
export async function withMachineLock<T>(file: string, withinMs: number, work: () => Promise<T>): Promise<T> {
  const database = new Database(file);
  try {
    const until = performance.now() + withinMs;
    while (!tryBegin(database)) {
      if (performance.now() > until) throw new Error(`${file} was not free within ${withinMs} ms`);
      await sleep(PAUSE_MS);
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryBegin(database: Database.Database): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (String(error).includes('database is locked')) return false;
    throw error;
  }
}
