import type { ProcessIndex } from './process-index.ts';
import type { ProcessRow } from './snapshot.ts';

/** Processes besides pid 1 that are known to take in the children of the dead: `systemd --user`, WSL's relay, launchd. */
const NAMED_ADOPTER = /^(?:systemd|launchd|init(?:\(.*\))?|Relay\(\d+\)|SessionLeader)$/;

/**
 * What the place of a process in the table says about its parent; undefined where the parent may well have started it.
 *
 * A process that leads neither session nor group and sits in another session than its parent was adopted by it: one changes session
 * only by `setsid`, which makes a leader. That finds every other subreaper too, and leaves out what somebody started with `setsid`.
 * Process groups prove nothing of the kind: in `a | b` the shell's second child leads no group and sits in another one than the shell.
 */
export function adoptionOf(row: ProcessRow, index: ProcessIndex): string | undefined {
  // Parent pid 0 is no adoption: the parent lives outside this pid namespace and may well be alive.
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
 * Whether a process lost its parent without ever having been given a life of its own: a helper of something that was killed. A tmux
 * server or a daemon leads a session.
 */
export function isStranded(row: ProcessRow, index: ProcessIndex): boolean {
  return leads(row) === false && adoptionOf(row, index) !== undefined;
}

/** Whether it leads its session or process group; undefined where the reader knows neither. */
export function leads(row: ProcessRow): boolean | undefined {
  if (row.pgid === undefined && row.sid === undefined) return undefined;
  return row.pgid === row.pid || row.sid === row.pid;
}

function named(row: ProcessRow | undefined): string {
  return row === undefined || row.name === '' ? '' : ` (${row.name})`;
}
