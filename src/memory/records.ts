import type { Row } from './connection.ts';

/** The fields a caller provides to start a session. */
export interface NewSession {
  readonly project: string;
  /** The caller's id: the same id always means the same session. */
  readonly sessionId?: string | undefined;
  readonly prompt?: string | undefined;
}

export interface Session {
  readonly id: number;
  readonly externalId: string | null;
  readonly project: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601; null while the session is open. */
  readonly completedAt: string | null;
}

export interface Prompt {
  readonly id: number;
  readonly sessionId: number;
  readonly text: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** The fields a caller provides to store an observation. */
export interface NewObservation {
  readonly type: string;
  readonly title: string;
  readonly text: string;
  readonly files?: readonly string[] | undefined;
  /** The caller's id: repeated deliveries with the same id are stored once. */
  readonly observationId?: string | undefined;
}

export interface Observation {
  /** Ascending in commit order, never reused within one database. */
  readonly id: number;
  /** The caller's `observationId`, else a UUID; unique across all databases. */
  readonly externalId: string;
  readonly sessionId: number;
  readonly type: string;
  readonly title: string;
  readonly text: string;
  readonly files: readonly string[];
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface Summary {
  readonly id: number;
  readonly sessionId: number;
  readonly text: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** Ids of different kinds may be equal. */
export type MemoryKind = 'observation' | 'prompt' | 'summary';

/** A record of any kind. */
export interface MemoryRecord {
  readonly kind: MemoryKind;
  /** Unique within its kind. */
  readonly id: number;
  readonly sessionId: number;
  /** The type of an observation, else the kind. */
  readonly type: string;
  /** The first line of a prompt or summary. */
  readonly title: string;
  readonly text: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface SearchResult extends MemoryRecord {
  /** From 0 to 1, higher is better: see `keywordScore` and `fuse`. */
  readonly score: number;
}

export function toSession(row: Row): Session {
  return {
    id: number(row, 'id'),
    externalId: optionalText(row, 'external_id'),
    project: text(row, 'project'),
    createdAt: text(row, 'created_at'),
    completedAt: optionalText(row, 'completed_at'),
  };
}

/** Prompts and summaries have the same columns. */
export function toSessionText(row: Row): Prompt & Summary {
  return {
    id: number(row, 'id'),
    sessionId: number(row, 'session_id'),
    text: text(row, 'text'),
    createdAt: text(row, 'created_at'),
  };
}

export function toObservation(row: Row): Observation {
  return {
    id: number(row, 'id'),
    externalId: text(row, 'external_id'),
    sessionId: number(row, 'session_id'),
    type: text(row, 'type'),
    title: text(row, 'title'),
    text: text(row, 'text'),
    files: JSON.parse(text(row, 'files')) as string[],
    createdAt: text(row, 'created_at'),
  };
}

export function toRecord(row: Row, kind: MemoryKind): MemoryRecord {
  return {
    kind,
    id: number(row, 'id'),
    sessionId: number(row, 'session_id'),
    type: text(row, 'type'),
    title: text(row, 'title'),
    text: text(row, 'text'),
    createdAt: text(row, 'created_at'),
  };
}

/** With its files, which only observations have. */
export function toWholeRecord(row: Row, kind: MemoryKind): MemoryRecord & Pick<Observation, 'files'> {
  return { ...toRecord(row, kind), files: JSON.parse(text(row, 'files')) as string[] };
}

export function toSearchResult(row: Row, kind: MemoryKind, score: number): SearchResult {
  return { ...toRecord(row, kind), score };
}

function number(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === 'number') return value;
  throw new TypeError(`column ${column} is not a number`);
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw new TypeError(`column ${column} is not a text`);
}

function optionalText(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}
