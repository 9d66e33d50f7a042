import type { ReadRows } from './keyword-search.ts';
import { rowsByIds } from './keyword-search.ts';
import { KIND_TABLES, type KindTable } from './memory-kinds.ts';
import { type MemoryKind, type MemoryRecord, toRecord } from './records.ts';

export interface TimelineRequest {
  readonly kind: MemoryKind;
  readonly id: number;
  /** How many records before and after that one. */
  readonly before: number;
  readonly after: number;
}

export interface Timeline {
  readonly project: string;
  readonly before: readonly MemoryRecord[];
  readonly anchor: MemoryRecord;
  readonly after: readonly MemoryRecord[];
}

/** The order of records of the same time. */
const RANKS: Readonly<Record<MemoryKind, number>> = { prompt: 0, observation: 1, summary: 2 };

/** The records of the same project around one record, oldest first; undefined if that record does not exist. */
export function timelineAround({ kind, id, before, after }: TimelineRequest, read: ReadRows): Timeline | undefined {
  const table = KIND_TABLES.find((one) => one.kind === kind);
  const row = table === undefined ? undefined : rowsByIds(table, [id], read)[0];
  if (row === undefined) return undefined;
  const anchor = toRecord(row, kind);
  const project = String(read('SELECT project FROM sessions WHERE id = ?', anchor.sessionId)[0]?.project ?? '');
  const beside = (side: Side, limit: number) =>
    KIND_TABLES.flatMap((one) => recordsBeside(one, { anchor, project, side, limit, read })).sort(byTime);
  return {
    project,
    before: before === 0 ? [] : beside('before', before).slice(-before),
    anchor,
    after: beside('after', after).slice(0, after),
  };
}

type Side = 'before' | 'after';

interface Beside {
  readonly anchor: MemoryRecord;
  readonly project: string;
  readonly side: Side;
  readonly limit: number;
  readonly read: ReadRows;
}

function recordsBeside(table: KindTable, { anchor, project, side, limit, read }: Beside): readonly MemoryRecord[] {
  const [operator, order] = side === 'before' ? ['<', 'DESC'] : ['>', 'ASC'];
  const rank = RANKS[table.kind] - RANKS[anchor.kind];
  const isSameTimeWanted = side === 'before' ? rank < 0 : rank > 0;
  const place =
    rank === 0
      ? `(rows.created_at, rows.id) ${operator} (?, ?)`
      : `rows.created_at ${operator}${isSameTimeWanted ? '=' : ''} ?`;
  const sql = `SELECT ${table.columns} FROM ${table.table} AS rows JOIN sessions ON sessions.id = rows.session_id
    WHERE sessions.project = ? AND ${place} ORDER BY rows.created_at ${order}, rows.id ${order} LIMIT ?`;
  const values = rank === 0 ? [anchor.createdAt, anchor.id] : [anchor.createdAt];
  return read(sql, project, ...values, limit).map((row) => toRecord(row, table.kind));
}

function byTime(one: MemoryRecord, other: MemoryRecord): number {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt ? -1 : 1;
  return RANKS[one.kind] - RANKS[other.kind] || one.id - other.id;
}
