import type { ProcessIndex } from './process-index.ts';
import type { ProcessRow } from './snapshot.ts';

/** Names of processes besides pid 1 that adopt orphans: `systemd --user`, WSL's relay, launchd. */
const NAMED_ADOPTER = /^(?:systemd|launchd|init(?:\(.*\))?|Relay\(\d+\)|SessionLeader)$/;

/**
 * Evidence that a process was re-parented; undefined if its parent may have started it.
 *
 * A process that leads neither session nor process group and is in another session than its parent was re-parented: a process changes
 * its session only by `setsid`, which makes it a leader. This finds every subreaper, and excludes programs started with `setsid`. Process
 * groups prove nothing here: in `a | b` the shell's second child leads no group and is in another group than the shell.
 */
export function adoptionOf(row: ProcessRow, index: ProcessIndex): string | undefined {
  // Parent pid 0 proves nothing: the parent is outside this pid namespace and may be alive.
  if (row.ppid <= 1) return row.ppid === 1 ? `re-parented to pid 1${named(index.byPid.get(1))}` : undefined;
  const parent = index.parentOf(row);
  if (parent === undefined) {
    return index.isParentGone(row) ? `its parent pid ${row.ppid} is gone` : undefined;
  }
  if (NAMED_ADOPTER.test(parent.name)) return `re-parented to pid ${parent.pid} (${parent.name}), which adopts orphans`;
  if (leads(row) !== false || row.sid === undefined || parent.sid === undefined || row.sid === parent.sid)
    return undefined;
  return `re-parented to pid ${parent.pid} (${parent.name}), which is in another session`;
}

/**
 * Whether a process was re-parented and leads neither session nor process group, like a helper of a killed program. A tmux server or a
 * daemon leads a session.
 */
export function isStranded(row: ProcessRow, index: ProcessIndex): boolean {
  return leads(row) === false && adoptionOf(row, index) !== undefined;
}

/** Whether it leads its session or process group; undefined if the reader knows neither. */
export function leads(row: ProcessRow): boolean | undefined {
  if (row.pgid === undefined && row.sid === undefined) return undefined;
  return row.pgid === row.pid || row.sid === row.pid;
}

function named(row: ProcessRow | undefined): string {
  return row === undefined || row.name === '' ? '' : ` (${row.name})`;
}
