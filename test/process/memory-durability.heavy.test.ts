import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { expect, test } from 'vitest';
import { SessionSearch } from '../../src/memory/session-search.ts';
import { SessionStore } from '../../src/memory/session-store.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const WRITER = fileURLToPath(new URL('../fixtures/memory-writer.ts', import.meta.url));
const ROUNDS = 10;
const ENDLESS = 1_000_000;
/** Long enough for several checkpoints of the log, in milliseconds. */
const LONGEST_LIFE_MS = 400;

interface Writer {
  readonly child: ChildProcess;
  /** Observation id → row id, from complete lines only: a torn line was not acknowledged. */
  acknowledged(): ReadonlyMap<string, number>;
}

/** Its stdout is a file, so that lines written before a SIGKILL survive. */
function startWriter(dataDir: string, run: string, count: number): Writer {
  const output = join(dataDir, `${run}.txt`);
  const fd = openSync(output, 'wx');
  const args = ['--import', 'tsx', WRITER, dataDir, run, String(count)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', fd, 'inherit'] });
  closeSync(fd);
  return { child, acknowledged: () => readAcknowledged(output) };
}

function readAcknowledged(output: string): ReadonlyMap<string, number> {
  const lines = readFileSync(output, 'utf8').split('\n').slice(0, -1);
  return new Map(
    lines.map((line) => {
      const [id, observationId] = line.split(' ');
      return [observationId!, Number(id)];
    }),
  );
}

/** Observation id → row id, read by a new reader, which has to recover the log of the dead writer. */
function readStored(dataDir: string): ReadonlyMap<string, number> {
  const search = new SessionSearch(dataDir);
  try {
    return new Map(search.recent(undefined, ENDLESS).map(({ externalId, id }) => [externalId, id]));
  } finally {
    search.close();
  }
}

function expectSound(dataDir: string): void {
  const database = new Database(join(dataDir, 'memory.db'));
  try {
    expect(database.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    // Compares the index with its rows and throws if they differ.
    database.exec("INSERT INTO observations_index (observations_index, rank) VALUES ('integrity-check', 1)");
  } finally {
    database.close();
  }
}

test('a writer ended by SIGKILL loses no acknowledged row', async () => {
  const dataDir = tempDir();
  const acknowledged = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const writer = startWriter(dataDir, `round${round}`, ENDLESS);
    await eventually('the first acknowledgement', () => writer.acknowledged().size > 0);
    await sleep(Math.random() * LONGEST_LIFE_MS);
    writer.child.kill('SIGKILL');
    await once(writer.child, 'exit');
    for (const [observationId, id] of writer.acknowledged()) acknowledged.set(observationId, id);

    const stored = readStored(dataDir);
    for (const [observationId, id] of acknowledged)
      expect([observationId, stored.get(observationId)]).toEqual([observationId, id]);
    // At most the row that was committed but not yet acknowledged when each writer died.
    expect(stored.size - acknowledged.size).toBeLessThanOrEqual(round + 1);
  }
  expectSound(dataDir);
  expectDeliveredOnce(dataDir, acknowledged);
});

function expectDeliveredOnce(dataDir: string, acknowledged: ReadonlyMap<string, number>): void {
  const store = new SessionStore(dataDir);
  try {
    const before = store.counts().observations;
    for (const [observationId, id] of [...acknowledged].slice(-20)) {
      const again = store.addObservation(1, { type: 'note', title: 'again', text: '', observationId });
      expect(again).toEqual({ id, isNew: false });
    }
    expect(store.counts().observations).toBe(before);
  } finally {
    store.close();
  }
}

test('simultaneous writers of a new memory agree on one database', async () => {
  const dataDir = tempDir();
  const writers = Array.from({ length: 6 }, (_, index) => startWriter(dataDir, `writer${index}`, 20));
  const exits = await Promise.all(writers.map(({ child }) => once(child, 'exit')));
  expect(exits.map(([code]) => code as number)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(readStored(dataDir).size).toBe(120);
  expectSound(dataDir);
});
