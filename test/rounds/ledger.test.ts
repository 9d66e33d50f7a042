import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { expect, onTestFinished, test } from 'vitest';
import { Ledger, tokenOf } from '../../scripts/rounds/ledger.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const [FIRST, TENTH] = [tokenOf('hook', 322, 1), tokenOf('hook', 322, 10)];

function ledgerOf(dataDir: string): Ledger {
  const ledger = new Ledger(dataDir);
  onTestFinished(() => {
    ledger.close();
  });
  return ledger;
}

test('distinguishes prompts whose numbers have a common prefix', () => {
  const dataDir = tempDir();
  const database = new Database(join(dataDir, 'memory.db'));
  database.exec('CREATE TABLE prompts (text TEXT)');
  for (const token of [FIRST, TENTH]) database.prepare('INSERT INTO prompts VALUES (?)').run(`please look at ${token}`);
  database.close();
  expect(ledgerOf(dataDir).find({ kind: 'prompt', token: FIRST }).stored).toBe(1);
});

test('a spooled event does not hide the loss of another one whose number has the same prefix', () => {
  const dataDir = tempDir();
  mkdirSync(join(dataDir, 'spool'));
  writeFileSync(join(dataDir, 'spool', '1.json'), JSON.stringify({ prompt: `please look at ${TENTH}` }));
  const ledger = ledgerOf(dataDir);
  expect(ledger.find({ kind: 'prompt', token: TENTH }).isSpooled).toBe(true);
  expect(ledger.find({ kind: 'prompt', token: FIRST }).isSpooled).toBe(false);
});

test('no token of a round contains another one', () => {
  const tokens = Array.from({ length: 120 }, (_, index) => tokenOf('hook', 3, index + 1));
  const found = tokens.flatMap((token) => tokens.filter((other) => other !== token && other.includes(token)));
  expect(found).toEqual([]);
});
