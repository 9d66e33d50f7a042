import { ClaudeMemError } from '../shared/errors.ts';
import type { Connection } from './connection.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';

/**
 * Brings the schema up to date, all missing steps in one transaction: a crash half way leaves the old schema whole.
 * @throws ClaudeMemError `io` for a database that a newer claude-mem or another program wrote; it is not touched.
 */
export function migrate(connection: Connection, migrations: readonly Migration[] = MIGRATIONS): void {
  const known = newestVersion(migrations);
  if (checkedVersion(connection, known) === known) return;
  connection.transaction(() => {
    // Read again under the lock: another process may have been quicker.
    const version = checkedVersion(connection, known);
    if (version === 0) refuseForeignTables(connection);
    for (const step of migrations.filter((migration) => migration.version > version)) connection.execute(step.sql);
    connection.execute(`PRAGMA user_version = ${known}`);
  });
}

/**
 * For a reader, which changes nothing.
 * @returns false for a database whose writer has not made the tables yet.
 * @throws ClaudeMemError `io` for a schema this version cannot read.
 */
export function isReadable(connection: Connection, migrations: readonly Migration[] = MIGRATIONS): boolean {
  const known = newestVersion(migrations);
  const version = checkedVersion(connection, known);
  if (version === 0 || version === known) return version === known;
  throw new ClaudeMemError(
    'io',
    `the memory ${connection.path} is of an older claude-mem (schema ${version}, not ${known})`,
    {
      hint: 'Run claude-mem start once: it brings the memory up to date.',
    },
  );
}

function newestVersion(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0;
}

function checkedVersion(connection: Connection, known: number): number {
  const version = Number(connection.pragma('user_version'));
  if (version <= known) return version;
  throw new ClaudeMemError(
    'io',
    `the memory ${connection.path} is of a newer claude-mem (schema ${version}, not ${known})`,
    {
      hint: 'Update claude-mem, or use another data dir with --data-dir; nothing was changed.',
    },
  );
}

function refuseForeignTables(connection: Connection): void {
  const table = connection.first("SELECT name FROM sqlite_schema WHERE type = 'table'")?.name;
  if (table === undefined) return;
  throw new ClaudeMemError(
    'io',
    `${connection.path} is a database of another program (it has a table ${String(table)})`,
    {
      hint: 'Move that file away, or use another data dir with --data-dir; nothing was changed.',
    },
  );
}
