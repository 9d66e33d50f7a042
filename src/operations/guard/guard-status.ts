import { formatInterval } from '../../core/guard/interval.ts';
import type { IncludedLeak, SchedulerKind } from '../../core/guard/entry.ts';
import type { LaunchProblem } from '../../core/guard/guard-script.ts';
import type { GuardStore, ScheduledEntry, Scheduler } from '../ports/guard.ts';
import type { GuardRecord, GuardRun, GuardState } from './records.ts';

export interface StatusPorts {
  readonly schedulers: readonly Scheduler[];
  readonly store: GuardStore;
  readonly now: Date;
  /** The machine was off before this moment. */
  readonly bootedAt: Date;
}

/** The state of the guard of one data dir. */
export interface GuardStatus {
  readonly state: 'healthy' | 'broken' | 'not-installed';
  /** False if the scheduler did not answer, so that only the recorded runs are evidence for it. */
  readonly isConfirmed: boolean;
  readonly scheduler: SchedulerKind | null;
  readonly everySeconds: number | null;
  readonly include: readonly IncludedLeak[];
  readonly installedAt: string | null;
  readonly files: readonly string[];
  readonly nextRunAt: string | null;
  readonly lastRun: GuardRun | null;
  readonly lastEnding: GuardRun | null;
  readonly runs: number;
  readonly endedTotal: number;
  /** One sentence each, without a full stop; empty if healthy. */
  readonly problems: readonly string[];
  /** The command or the step that repairs it, or that shows more; null if healthy. */
  readonly fix: string | null;
  readonly remark: string | null;
  readonly log: string;
}

/** A guard that misses this many runs in a row is broken. */
const MISSED_RUNS = 3;

/**
 * Reads the record, asks its scheduler and looks at the last run. Changes nothing.
 * @param searches asks every scheduler if there is no record, which starts a program for each.
 */
export async function guardStatus(
  { schedulers, store, now, bootedAt }: StatusPorts,
  { name, searches }: { readonly name: string; readonly searches: boolean },
): Promise<GuardStatus> {
  const record = store.readRecord();
  const state = store.readState();
  const base = {
    ...{ lastRun: state?.lastRun ?? null, lastEnding: state?.lastEnding ?? null },
    ...{ runs: state?.runs ?? 0, endedTotal: state?.endedTotal ?? 0, log: store.log },
  };
  if (record === undefined) {
    const stray = searches ? await findStray(schedulers, name) : undefined;
    const problems =
      stray === undefined ? [] : [`${stray.kind} has an entry for this data dir, but its record is gone`];
    return {
      ...base,
      ...NOT_INSTALLED,
      state: stray === undefined ? 'not-installed' : 'broken',
      isConfirmed: true,
      problems,
      fix: stray === undefined ? null : INSTALL,
    };
  }
  const scheduler = schedulers.find(({ kind }) => kind === record.scheduler);
  const scheduled = (await scheduler?.find(record)) ?? ABSENT;
  const setup = [
    ...entryProblems(record, scheduled),
    ...(store.hasScript() ? launchProblems(store.readLaunchProblem()) : [`the script ${store.script} is missing`]),
  ];
  const problems = [...setup, ...runProblems({ record, state, now, bootedAt })];
  const entry = { name: record.name, script: store.script, everySeconds: record.everySeconds };
  return {
    ...base,
    ...{ scheduler: record.scheduler, everySeconds: record.everySeconds, include: record.include },
    ...{ installedAt: record.installedAt, nextRunAt: scheduled.nextRunAt, remark: scheduled.remark, problems },
    state: problems.length === 0 ? 'healthy' : 'broken',
    isConfirmed: scheduled.state !== 'unknown',
    fix: problems.length === 0 ? null : fixOf(scheduled, setup),
    files: [store.script, ...(scheduler?.preview(entry) ?? []).map(({ path }) => path)],
  };
}

const NOT_INSTALLED = {
  ...{ scheduler: null, everySeconds: null, include: [], installedAt: null },
  ...{ files: [], nextRunAt: null, remark: null },
} as const;

const INSTALL = 'claude-mem guard install';
/** Shows the error of a run, and repeats what failed. */
const RUN = 'claude-mem guard run';

function fixOf({ state, remark }: ScheduledEntry, setup: readonly string[]): string {
  if (state === 'stopped' && remark !== null) return remark;
  return setup.length > 0 ? INSTALL : RUN;
}

const ABSENT: ScheduledEntry = { state: 'absent', nextRunAt: null, remark: null };

async function findStray(schedulers: readonly Scheduler[], name: string): Promise<Scheduler | undefined> {
  for (const scheduler of schedulers) {
    const { state } = await scheduler.find({ name, everySeconds: 0 });
    if (state === 'scheduled' || state === 'stopped') return scheduler;
  }
  return undefined;
}

function entryProblems({ scheduler }: GuardRecord, { state }: ScheduledEntry): readonly string[] {
  if (state === 'absent') return [`${scheduler} no longer has the entry of this guard`];
  return state === 'stopped' ? [`${scheduler} has the entry of this guard, but does not run it`] : [];
}

const LAUNCH_PROBLEM: Readonly<Record<LaunchProblem, string>> = {
  'no-program': 'the guard did not find claude-mem-cli; install it with npm install -g claude-mem-cli',
  'no-node': 'the guard did not find Node.js 20.19 or later',
  refused: 'claude-mem refused to run; claude-mem guard run shows why',
};

function launchProblems(problem: LaunchProblem | undefined): readonly string[] {
  return problem === undefined ? [] : [LAUNCH_PROBLEM[problem]];
}

interface RunFacts {
  readonly record: GuardRecord;
  readonly state: GuardState | undefined;
  readonly now: Date;
  readonly bootedAt: Date;
}

function runProblems({ record, state, now, bootedAt }: RunFacts): readonly string[] {
  const last = state?.lastRun;
  const since = [record.installedAt, last?.startedAt ?? record.installedAt, bootedAt.toISOString()];
  const waitedMs = now.getTime() - Math.max(...since.map((at) => Date.parse(at)));
  const isLate = waitedMs > MISSED_RUNS * record.everySeconds * 1000;
  const every = formatInterval(record.everySeconds);
  const late = isLate
    ? [`the guard should run every ${every}, but its last run is ${last?.startedAt ?? 'missing'}`]
    : [];
  // A run before the installation says nothing about it.
  if (last === undefined || last.startedAt < record.installedAt) return late;
  return [...late, ...failureOf(last)];
}

function failureOf({ result, error, remaining }: GuardRun): readonly string[] {
  if (error !== null) return [`the last run failed: ${error.message}`];
  if (result === 'left') return [`the last run left ${remaining} leaked processes running`];
  return result === 'incomplete' ? ['the last run could not read the whole process table'] : [];
}
