import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';

const PAUSE_MS = 100;

/**
 * Does something while no other process of this machine does it. The kernel holds the lock (an SQLite transaction), so a death
 * releases it.
 * @throws Error when it is not free in time.
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
