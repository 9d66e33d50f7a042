import type { SqlValue } from './connection.ts';
import type { MemoryKind } from './records.ts';

/** How the records of one kind are stored and searched. */
export interface KindTable {
  readonly kind: MemoryKind;
  readonly table: string;
  /** The columns of a record, `rows` being the table and `sessions` its session. */
  readonly columns: string;
  /** All searched text of a row. */
  readonly searched: string;
  /** The index, with the weights of its columns for bm25. */
  readonly index: string;
  readonly relevance: string;
}

/** Characters of the first line of a prompt or summary that serve as its title. */
const TITLE_CHARACTERS = 120;

const textTable = (kind: 'prompt' | 'summary', table: string): KindTable => ({
  kind,
  table,
  columns: `rows.id, rows.session_id, '${kind}' AS type, rows.text, '[]' AS files, rows.created_at,
    substr(rows.text, 1, min(${TITLE_CHARACTERS}, coalesce(nullif(instr(rows.text, char(10)), 0), 1000000) - 1)) AS title`,
  searched: 'rows.text',
  index: `${table}_index`,
  relevance: `bm25(${table}_index)`,
});

export const OBSERVATIONS: KindTable = {
  ...{ kind: 'observation', table: 'observations', columns: 'rows.*' },
  searched: 'rows.title || char(10) || rows.text || char(10) || rows.files',
  index: 'observations_index',
  // A word in the title ranks higher than one in the text: weights of title, text, files.
  relevance: 'bm25(observations_index, 4.0, 1.0, 2.0)',
};

/** In the order in which equally good results are listed. */
export const KIND_TABLES: readonly KindTable[] = [
  OBSERVATIONS,
  textTable('summary', 'summaries'),
  textTable('prompt', 'prompts'),
];

/** Restricts results; an absent field restricts nothing. */
export interface MemoryFilter {
  readonly project?: string | undefined;
  /** The type of an observation, or `prompt` or `summary`. */
  readonly type?: string | undefined;
  /** From this time on, ISO 8601 in UTC with milliseconds, because times are compared as text. */
  readonly after?: string | undefined;
  /** Until this time, exclusive. */
  readonly before?: string | undefined;
}

/** Whether any record of this kind can have the wanted type. */
export function canMatch({ kind }: KindTable, { type }: MemoryFilter): boolean {
  return type === undefined || kind === 'observation' || kind === type;
}

/** The filter as conditions on `rows` and `sessions`, each after `AND`, with their values. */
export function filterConditions({ kind }: KindTable, { project, type, after, before }: MemoryFilter) {
  const conditions: readonly (readonly [string, string | undefined])[] = [
    ['sessions.project = ?', project],
    ['rows.type = ?', kind === 'observation' ? type : undefined],
    ['rows.created_at >= ?', after],
    ['rows.created_at < ?', before],
  ];
  const used = conditions.filter(([, value]) => value !== undefined);
  return {
    sql: used.map(([condition]) => ` AND ${condition}`).join(''),
    values: used.map(([, value]) => value as SqlValue),
  };
}
