import type { IncludedLeak, SchedulerKind } from '../../core/guard/entry.ts';
import type { Outcome } from '../terminate/terminate.ts';

/** The installation of a guard: `guard/install.json`. */
export interface GuardRecord {
  readonly schemaVersion: 1;
  readonly scheduler: SchedulerKind;
  readonly name: string;
  readonly everySeconds: number;
  /** Leaks that are ended only on request. */
  readonly include: readonly IncludedLeak[];
  /** ISO 8601. */
  readonly installedAt: string;
  /** The program that the script tries first; null: it searches. */
  readonly launcher: string | null;
}

/** `ok`: nothing is left. `left`: a leak is left, or a manifest could not be updated. `incomplete`: the reading was. */
export type GuardResult = 'ok' | 'left' | 'incomplete' | 'failed' | 'interrupted';

/** One process that a run ended, or tried to. */
export interface EndedProcess extends Outcome {
  readonly role: string | null;
  /** Null if unknown. */
  readonly memoryBytes: number | null;
}

export interface GuardRun {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly result: GuardResult;
  /** Processes that are gone now. */
  readonly endedCount: number;
  readonly endedMemoryBytes: number;
  /** At most 100 of them. */
  readonly processes: readonly EndedProcess[];
  /** Leaks that still run. */
  readonly remaining: number;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
}

/** The last runs: `guard/state.json`. */
export interface GuardState {
  readonly schemaVersion: 1;
  readonly lastRun: GuardRun;
  /** The last run that ended something; null if none did. */
  readonly lastEnding: GuardRun | null;
  readonly runs: number;
  readonly endedTotal: number;
}
