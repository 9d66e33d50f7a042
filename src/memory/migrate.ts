import { ClaudeMemError } from '../shared/errors.ts';
import type { Connection } from './connection.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';

/** Told before an existing memory is updated, which takes about 20 s for a million prompts. Gets the versions of the schema. */
export type OnUpdate = (versions: { readonly from: number; readonly to: number }) => void;

/**
 * Updates the schema. All missing steps run in one transaction: a crash leaves the old schema intact.
 * @throws ClaudeMemError `io` for a database of a newer claude-mem or another program, which stays unchanged.
 */
export function migrate(
  connection: Connection,
  migrations: readonly Migration[] = MIGRATIONS,
  onUpdate: OnUpdate = () => undefined,
): void {
  const known = newestVersion(migrations);
  if (checkedVersion(connection, known) === known) return;
  connection.transaction(() => {
    // Checked again under the lock: another process may have migrated meanwhile.
    const version = checkedVersion(connection, known);
    if (version === 0) refuseForeignTables(connection);
    else if (version < known) onUpdate({ from: version, to: known });
    for (const step of migrations.filter((migration) => migration.version > version)) connection.execute(step.sql);
    connection.execute(`PRAGMA user_version = ${known}`);
  });
}

/** After an upgrade, the older worker runs until the next restart. */
const OLDEST_READABLE = 2;

/**
 * Checks the schema for a reader, which changes nothing.
 * @returns the version of the schema; undefined if the writer has not created the tables yet.
 * @throws ClaudeMemError `io` if this version cannot read the schema.
 */
export function readableVersion(
  connection: Connection,
  oldest = OLDEST_READABLE,
  migrations: readonly Migration[] = MIGRATIONS,
): number | undefined {
  const known = newestVersion(migrations);
  const version = checkedVersion(connection, known);
  if (version === 0) return undefined;
  if (version >= oldest) return version;
  throw new ClaudeMemError(
    'io',
    `the memory ${connection.path} has schema ${version} of an older claude-mem; this one reads schema ${known}`,
    {
      hint: 'Run claude-mem start once, which updates the memory.',
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
    `the memory ${connection.path} has schema ${version} of a newer claude-mem; this one reads schema ${known}`,
    {
      hint: 'Update claude-mem, or use another data dir with --data-dir. Nothing was changed.',
    },
  );
}

function refuseForeignTables(connection: Connection): void {
  const table = connection.first("SELECT name FROM sqlite_schema WHERE type = 'table'")?.name;
  if (table === undefined) return;
  throw new ClaudeMemError(
    'io',
    `${connection.path} is the database of another program (it contains the table ${String(table)})`,
    {
      hint: 'Move the file away, or use another data dir with --data-dir. Nothing was changed.',
    },
  );
}
