import type { GuardEntry, SchedulerKind } from '../../../src/core/guard/entry.ts';
import type { LaunchProblem } from '../../../src/core/guard/guard-script.ts';
import type { GuardRecord, GuardRun, GuardState } from '../../../src/operations/guard/records.ts';
import type { GuardStore, ScheduledEntry, Scheduler } from '../../../src/operations/ports/guard.ts';
import { ClaudeMemError } from '../../../src/shared/errors.ts';

/** A scheduler in memory. */
export class FakeScheduler implements Scheduler {
  readonly entries = new Map<string, GuardEntry>();
  unusable: string | undefined;
  refused: string | undefined;
  isBroken = false;
  state: ScheduledEntry['state'] = 'scheduled';
  readonly kind: SchedulerKind;

  constructor(kind: SchedulerKind) {
    this.kind = kind;
  }

  whyUnusable = () => Promise.resolve(this.unusable);
  whyRefused = () => this.refused;
  preview = ({ name }: GuardEntry) => [{ path: `/etc/${name}`, content: 'entry' }];
  install = (entry: GuardEntry) => {
    if (this.isBroken) return Promise.reject(new ClaudeMemError('io', 'the scheduler is broken'));
    this.entries.set(entry.name, entry);
    return Promise.resolve();
  };
  remove = (name: string) => Promise.resolve(this.entries.delete(name) ? [`Removed ${name} from ${this.kind}`] : []);
  find = ({ name }: Pick<GuardEntry, 'name'>): Promise<ScheduledEntry> => {
    const state = this.entries.has(name) ? this.state : 'absent';
    return Promise.resolve({ state, nextRunAt: null, remark: null });
  };
}

/** The files of a guard in memory. */
export class FakeStore implements GuardStore {
  readonly script = '/d/guard/run.sh';
  readonly log = '/d/logs/guard.log';
  text: string | undefined;
  record: GuardRecord | undefined;
  state: GuardState | undefined;
  problem: LaunchProblem | undefined;
  isFull = false;

  hasLog = () => false;
  hasScript = () => this.text !== undefined;
  writeScript = (text: string) => {
    this.#assertSpace();
    this.text = text;
  };
  readRecord = () => this.record;
  writeRecord = (record: GuardRecord) => {
    this.record = record;
  };
  readState = () => this.state;
  writeState = (state: GuardState) => {
    this.#assertSpace();
    this.state = state;
  };
  readLaunchProblem = () => this.problem;
  removeAll = () => {
    const removed = this.text === undefined ? [] : [this.script];
    this.text = undefined;
    this.record = undefined;
    this.state = undefined;
    return removed;
  };

  #assertSpace(): void {
    if (this.isFull) throw new ClaudeMemError('io', 'no space left on the device (ENOSPC)');
  }
}

export function aRun(more: Partial<GuardRun> = {}): GuardRun {
  return {
    ...{ startedAt: '2026-03-01T10:00:00.000Z', durationMs: 80, result: 'ok', endedCount: 0, endedMemoryBytes: 0 },
    ...{ processes: [], remaining: 0, error: null },
    ...more,
  };
}

export function aState(lastRun: GuardRun): GuardState {
  return { schemaVersion: 1, lastRun, lastEnding: null, runs: 1, endedTotal: 0 };
}
