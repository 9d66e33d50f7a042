export const SCHEDULER_KINDS = ['systemd', 'launchd', 'task-scheduler', 'cron'] as const;
/** A program of the operating system that runs commands at intervals. */
export type SchedulerKind = (typeof SCHEDULER_KINDS)[number];

/** Leaks that `reap` and the guard end only on request. */
export const INCLUDED_LEAKS = ['excess', 'observers'] as const;
export type IncludedLeak = (typeof INCLUDED_LEAKS)[number];

/** One guard, as a scheduler stores it. */
export interface GuardEntry {
  /** `claude-mem-guard`, followed by a hash unless the data dir is the default one. */
  readonly name: string;
  /** Absolute path of the script in the data dir. It contains no version, so an upgrade does not change it. */
  readonly script: string;
  readonly everySeconds: number;
}

const GUARD_NAME = 'claude-mem-guard';

/** @param hash identifies a data dir other than the default one. */
export function guardName(hash: string | undefined): string {
  return hash === undefined ? GUARD_NAME : `${GUARD_NAME}-${hash}`;
}
