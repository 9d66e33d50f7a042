import type { HookEvent } from '../operations/hooks/hook-event.ts';
import { boundedLine } from '../operations/hooks/bounded-text.ts';
import { summarizeSession } from '../operations/hooks/session-summary.ts';
import type { Connection } from './connection.ts';
import { toSession, type Session } from './records.ts';

/** A summary shows the start of the prompt, and the latest work of a long session. */
const PROMPT_CHARACTERS = 1_000;
const MOST_ROWS = 5_000;
const SHOWN_ANSWERS = 3;

/** The type of an observation that is the assistant's last text of a turn. */
const ANSWER = 'answer';
const TITLE_CHARACTERS = 160;

/**
 * Stores one event within the caller's transaction. Finds the session by the host's id or creates it. The time of the
 * event counts, not the time of delivery: an event may arrive late or twice.
 */
export function recordHookEvent(connection: Connection, event: HookEvent): { readonly isNew: boolean } {
  const session = findOrBegin(connection, event);
  switch (event.kind) {
    case 'session-start':
      reopen(connection, session, event.at);
      return { isNew: true };
    case 'prompt':
      return recordText(connection, session, event);
    case 'observation':
      return recordObservation(connection, session, event);
    case 'stop':
      recordAnswer(connection, session, event);
      summarize(connection, session, event.at);
      return { isNew: true };
    case 'session-end':
      summarize(connection, session, event.at);
      connection.run('UPDATE sessions SET completed_at = coalesce(completed_at, ?) WHERE id = ?', event.at, session.id);
      return { isNew: true };
  }
}

function findOrBegin(connection: Connection, { sessionId, project, at }: HookEvent): Session {
  const find = () => connection.first('SELECT * FROM sessions WHERE external_id = ?', sessionId);
  const known = find();
  if (known !== undefined) return toSession(known);
  connection.run('INSERT INTO sessions (external_id, project, created_at) VALUES (?, ?, ?)', sessionId, project, at);
  const begun = find();
  if (begun === undefined) throw new Error('a session vanished during its creation');
  return toSession(begun);
}

/** Reopens a session that was resumed. An event from before its end that arrives late does not reopen it. */
function reopen(connection: Connection, { id, completedAt }: Session, at: string): void {
  if (completedAt === null || at <= completedAt) return;
  connection.run('UPDATE sessions SET completed_at = NULL WHERE id = ?', id);
}

/** Stores the assistant's last text of a turn, so that search finds decisions. A host may report it again, for example if a hook of Stop goes on. */
function recordAnswer(connection: Connection, { id }: Session, event: HookEvent & { readonly kind: 'stop' }): void {
  const { answer, at } = event;
  if (answer === undefined) return;
  const sql = `SELECT text FROM observations WHERE session_id = ? AND type = '${ANSWER}' AND created_at <= ?
    ORDER BY created_at DESC, id DESC LIMIT 1`;
  if (connection.first(sql, id, at)?.text === answer) return;
  insertObservation(connection, id, {
    ...{ id: event.id, at },
    observation: { type: ANSWER, title: boundedLine(answer, TITLE_CHARACTERS), text: answer, files: [] },
  });
}

function recordText(connection: Connection, session: Session, event: HookEvent & { readonly kind: 'prompt' }) {
  const { changes } = connection.run(
    'INSERT INTO prompts (session_id, text, created_at, external_id) VALUES (?, ?, ?, ?) ON CONFLICT (external_id) DO NOTHING',
    ...[session.id, event.prompt, event.at, event.id],
  );
  if (changes > 0) {
    reopen(connection, session, event.at);
    summarizeAgain(connection, session, event.at);
  }
  return { isNew: changes > 0 };
}

function recordObservation(
  connection: Connection,
  session: Session,
  event: HookEvent & { readonly kind: 'observation' },
) {
  const isNew = insertObservation(connection, session.id, event);
  if (isNew) summarizeAgain(connection, session, event.at);
  return { isNew };
}

function insertObservation(
  connection: Connection,
  sessionId: number,
  {
    id,
    at,
    observation: { type, title, text, files },
  }: Pick<HookEvent & { kind: 'observation' }, 'id' | 'at' | 'observation'>,
): boolean {
  const { changes } = connection.run(
    `INSERT INTO observations (external_id, session_id, type, title, text, files, created_at)
      VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (external_id) DO NOTHING`,
    ...[id, sessionId, type, title, text, JSON.stringify(files), at],
  );
  return changes > 0;
}

/** A late event must appear in the summary of a completed session. */
function summarizeAgain(connection: Connection, session: Session, at: string): void {
  if (session.completedAt !== null && at <= session.completedAt) summarize(connection, session, session.completedAt);
}

/** Keeps one summary per session and replaces it under a new id, so that the newest id is the last change. */
function summarize(connection: Connection, { id, externalId }: Session, at: string): void {
  const text = summarizeSession({
    prompts: connection
      .all(`SELECT substr(text, 1, ${PROMPT_CHARACTERS}) AS text FROM prompts WHERE session_id = ? ORDER BY id`, id)
      .map((row) => String(row.text)),
    answers: answersOf(connection, id),
    observations: connection
      .all(
        `SELECT * FROM (SELECT id, type, title, files FROM observations
          WHERE session_id = ? AND (files <> '[]' OR type IN ('commit', 'test'))
          ORDER BY id DESC LIMIT ${MOST_ROWS}) ORDER BY id`,
        id,
      )
      .map(({ type, title, files }) => ({
        ...{ type: String(type), title: String(title) },
        files: JSON.parse(String(files)) as string[],
      })),
  });
  const summaryId = `claude-code:${externalId ?? id}:summary`;
  const known = connection.first('SELECT text FROM summaries WHERE external_id = ?', summaryId);
  if (text === '' || known?.text === text) return;
  connection.run('DELETE FROM summaries WHERE external_id = ?', summaryId);
  connection.run(
    'INSERT INTO summaries (session_id, text, created_at, external_id) VALUES (?, ?, ?, ?)',
    ...[id, text, at, summaryId],
  );
}

/** The latest answers of a session, newest first. */
function answersOf(connection: Connection, sessionId: number): readonly string[] {
  const sql = `SELECT text FROM observations WHERE session_id = ? AND type = '${ANSWER}'
    ORDER BY created_at DESC, id DESC LIMIT ${SHOWN_ANSWERS}`;
  return connection.all(sql, sessionId).map((row) => String(row.text));
}
