import type { GuardEntry, SchedulerKind } from '../../core/guard/entry.ts';
import type { LaunchProblem } from '../../core/guard/guard-script.ts';
import type { GuardRecord, GuardState } from '../guard/records.ts';

/** A file or a part of a file, as `guard install` writes it. */
export interface GuardFile {
  /** A path, or the name of a place such as `crontab of u`. */
  readonly path: string;
  readonly content: string;
}

/** A guard as its scheduler knows it. */
export interface ScheduledEntry {
  /**
   * `stopped`: the scheduler's files exist, but it does not run them. `unknown`: the scheduler does not answer, as without a login
   * session.
   */
  readonly state: 'scheduled' | 'stopped' | 'absent' | 'unknown';
  /** ISO 8601; null if the scheduler does not report it. */
  readonly nextRunAt: string | null;
  /** A fact that the user should know, such as that the timer runs during a login only. */
  readonly remark: string | null;
}

/** A scheduler of the operating system. */
export interface Scheduler {
  readonly kind: SchedulerKind;
  /**
   * Why this scheduler cannot be used here; undefined if it can.
   * @param isNamed the user named this scheduler, so it may be one that the user starts later.
   */
  whyUnusable(isNamed: boolean): Promise<string | undefined>;
  /** Why this scheduler cannot store the entry; undefined if it can. */
  whyRefused(entry: GuardEntry): string | undefined;
  /** The files that `install` writes. */
  preview(entry: GuardEntry): readonly GuardFile[];
  /**
   * Stores and activates the entry. Replaces an earlier one of the same name.
   * @throws ClaudeMemError `io`; nothing is lost that was not the guard's.
   */
  install(entry: GuardEntry): Promise<void>;
  /**
   * Removes the entry of this name.
   * @returns a sentence for each change; empty if there was none.
   * @throws ClaudeMemError `io`.
   */
  remove(name: string): Promise<readonly string[]>;
  /** Changes nothing and never throws. */
  find(entry: Pick<GuardEntry, 'name' | 'everySeconds'>): Promise<ScheduledEntry>;
}

/** Writes and removes the files of schedulers, which are outside the data dir. */
export interface SchedulerFiles {
  exists(path: string): boolean;
  /**
   * Writes a file and creates missing folders.
   * @throws ClaudeMemError `io`, `not-owner`.
   */
  write(path: string, text: string, encoding?: 'utf8' | 'utf16le'): void;
  /**
   * @returns whether the file existed.
   * @throws ClaudeMemError `io`.
   */
  remove(path: string): boolean;
}

/** The files of the guard in a data dir. */
export interface GuardStore {
  /** Path of the script that schedulers run. */
  readonly script: string;
  /** Path of the guard's log. */
  readonly log: string;
  readonly hasLog: () => boolean;
  readonly hasScript: () => boolean;
  /** @throws ClaudeMemError `io`. */
  readonly writeScript: (text: string) => void;
  /** Undefined if there is none, or if it cannot be used. */
  readonly readRecord: () => GuardRecord | undefined;
  /** @throws ClaudeMemError `io`. */
  readonly writeRecord: (record: GuardRecord) => void;
  /** Undefined if there is none, or if it cannot be used. */
  readonly readState: () => GuardState | undefined;
  /** @throws ClaudeMemError `io`. */
  readonly writeState: (state: GuardState) => void;
  /** The reason why the script could not start claude-mem at its last run. */
  readonly readLaunchProblem: () => LaunchProblem | undefined;
  /**
   * Removes script, record and state. The log stays.
   * @returns the removed paths.
   * @throws ClaudeMemError `io`.
   */
  readonly removeAll: () => readonly string[];
}
