import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import type { Acknowledged, Found } from './facts.ts';

const QUERIES = {
  session: 'SELECT count(*) AS n FROM sessions WHERE external_id = ?',
  'session-start': 'SELECT count(*) AS n FROM sessions WHERE external_id = ?',
  observation: 'SELECT count(*) AS n FROM observations WHERE external_id = ?',
  tool: "SELECT count(*) AS n FROM observations WHERE external_id LIKE '%:' || ?",
  prompt: "SELECT count(*) AS n FROM prompts WHERE text LIKE '%' || ? || '%'",
} as const;

/** Reads the places where the program stores acknowledged data, without code of the program. Must be closed. */
export class Ledger {
  readonly #database: Database.Database | undefined;
  readonly #spooled: readonly string[];

  constructor(dataDir: string) {
    const file = join(dataDir, 'memory.db');
    this.#database = existsSync(file) ? new Database(file) : undefined;
    this.#spooled = textsBelow(join(dataDir, 'spool'));
  }

  find({ kind, token }: Acknowledged): Found {
    const isSpooled = this.#spooled.some((text) => text.includes(token));
    return { stored: this.#count(QUERIES[kind], token), isSpooled };
  }

  close(): void {
    this.#database?.close();
  }

  #count(query: string, token: string): number {
    try {
      const row = this.#database?.prepare(query).get(token) as { n: number } | undefined;
      return row?.n ?? 0;
    } catch (error) {
      // A database whose creation was interrupted has no tables.
      if (error instanceof Error && error.message.includes('no such table')) return 0;
      throw error;
    }
  }
}

/** The token of a record. It ends with a letter, so that the token of the 1st is not part of the token of the 10th. */
export function tokenOf(what: string, round: number, number: number): string {
  return `${what}${round}x${number}z`;
}

/** Number of waiting events, without those set aside. */
export function waitingIn(dataDir: string): number {
  try {
    return readdirSync(join(dataDir, 'spool')).filter((name) => /\.(?:json|hook)$/.test(name)).length;
  } catch {
    return 0;
  }
}

function textsBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}
