import type { StaleEntry } from '../../core/tree/stale-entries.ts';
import type { Evidence, Judgement, Verdict } from '../../core/verdicts/verdict.ts';
import { countLeaks, groupLeaks, reportGroup, type LeakGroup, type ReportedGroup } from './groups.ts';
import { leakedBytes, memoryOf, type ReportedMemory } from './process-memory.ts';
import type { Sort } from './order.ts';
import type { Observation } from '../observe/observe.ts';

/** `leaks --json`. Field names are API: add, never rename. */
export interface LeakReport {
  readonly schemaVersion: 1;
  readonly command: 'leaks';
  readonly takenAt: string;
  readonly platform: string;
  readonly source: string;
  readonly complete: boolean;
  /** Processes with a role's name that could not be read in full. Those of another user do not make the reading incomplete. */
  readonly unreadable: number;
  readonly dataDir: string;
  readonly summary: LeakSummary;
  /** Leaked and unverified processes by the process that left them. */
  readonly groups: readonly ReportedGroup[];
  readonly processes: readonly ReportedProcess[];
  readonly staleEntries: readonly StaleEntry[];
  readonly damagedManifests: readonly { readonly file: string; readonly kind: string; readonly reason: string }[];
}

/** Counts processes, except for `leaks`. */
export interface LeakSummary {
  readonly managed: number;
  readonly orphans: number;
  readonly excess: number;
  readonly unverified: number;
  readonly foreign: number;
  readonly zombies: number;
  readonly staleEntries: number;
  /** Number of leaks: a wrapper with its python is one leak. */
  readonly leaks: number;
  readonly leakedMemoryBytes: number;
}

export interface ReportedProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly role: string | null;
  readonly verdict: Verdict;
  readonly treeId: string | null;
  readonly startedAt: string;
  readonly ageSeconds: number;
  readonly uid: number | null;
  readonly command: string;
  readonly memory: ReportedMemory;
  readonly evidence: readonly Evidence[];
}

export interface LeakView {
  readonly showForeign: boolean;
  /** Order of the groups. Default: leaks first. */
  readonly sort?: Sort | undefined;
}

export function reportLeaks(observation: Observation, options: LeakView): LeakReport {
  const { reading, judgements, staleEntries } = observation;
  const { snapshot } = reading;
  const groups = groupLeaks(judgements, snapshot, options.sort);
  const shown = judgements.filter((judgement) => options.showForeign || judgement.verdict !== 'foreign');
  return {
    schemaVersion: 1,
    command: 'leaks',
    takenAt: snapshot.takenAt,
    platform: snapshot.platform,
    source: snapshot.source,
    complete: observation.isComplete,
    unreadable: snapshot.unreadable + judgements.filter(isOfOtherUserInPart).length,
    dataDir: reading.dataDir,
    summary: summarize(judgements, groups, staleEntries),
    groups: groups.map(reportGroup),
    processes: shown.map(reportProcess),
    staleEntries,
    damagedManifests: reading.damaged,
  };
}

export function reportProcess(judgement: Judgement): ReportedProcess {
  const { row } = judgement;
  return {
    pid: row.pid,
    ppid: row.ppid,
    role: judgement.role,
    verdict: judgement.verdict,
    treeId: judgement.treeId,
    startedAt: row.startedAt,
    ageSeconds: Math.round(judgement.ageSeconds * 100) / 100,
    uid: row.uid ?? null,
    command: row.command === '' ? row.name : row.command,
    memory: memoryOf(judgement),
    evidence: judgement.evidence,
  };
}

/** Whether this is another user's process that has a role's name and was read in part. */
export function isOfOtherUserInPart({ verdict, evidence }: Judgement): boolean {
  const has = (kind: string) => evidence.some((reason) => reason.kind === kind);
  return verdict === 'foreign' && has('user') && has('read-in-part');
}

function summarize(
  judgements: readonly Judgement[],
  groups: readonly LeakGroup[],
  stale: readonly StaleEntry[],
): LeakSummary {
  const count = (verdict: Verdict) => judgements.filter((judgement) => judgement.verdict === verdict).length;
  return {
    managed: count('managed'),
    orphans: count('orphan'),
    excess: count('excess'),
    unverified: count('unverified'),
    foreign: count('foreign'),
    zombies: count('zombie'),
    staleEntries: stale.length,
    leaks: countLeaks(groups),
    leakedMemoryBytes: leakedBytes(judgements),
  };
}
