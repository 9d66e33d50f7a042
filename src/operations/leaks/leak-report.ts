import type { StaleEntry } from '../../core/tree/stale-entries.ts';
import type { Evidence, Judgement, Verdict } from '../../core/verdicts/verdict.ts';
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
  readonly processes: readonly ReportedProcess[];
  readonly staleEntries: readonly StaleEntry[];
  readonly damagedManifests: readonly { readonly file: string; readonly kind: string; readonly reason: string }[];
}

export interface LeakSummary {
  readonly managed: number;
  readonly orphans: number;
  readonly excess: number;
  readonly unverified: number;
  readonly foreign: number;
  readonly zombies: number;
  readonly staleEntries: number;
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

export interface ReportedMemory {
  readonly pssBytes: number | null;
  readonly rssBytes: number | null;
  readonly swapBytes: number | null;
  /** PSS + swap if readable, else RSS. RSS counts shared pages in full and omits swapped-out pages. */
  readonly totalBytes: number | null;
  readonly kind: 'pss+swap' | 'rss' | null;
}

export function reportLeaks(observation: Observation, options: { readonly showForeign: boolean }): LeakReport {
  const { reading, judgements, staleEntries } = observation;
  const { snapshot } = reading;
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
    summary: summarize(judgements, staleEntries),
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

export function isLeak({ verdict }: { readonly verdict: Verdict }): boolean {
  return verdict === 'orphan' || verdict === 'excess';
}

/** Whether this is another user's process that has a role's name and was read in part. */
export function isOfOtherUserInPart({ verdict, evidence }: Judgement): boolean {
  const has = (kind: string) => evidence.some((reason) => reason.kind === kind);
  return verdict === 'foreign' && has('user') && has('read-in-part');
}

/** Memory of the leaks among these, in bytes. */
export function leakedBytes(judgements: readonly Judgement[]): number {
  return judgements.filter(isLeak).reduce((sum, judgement) => sum + (memoryOf(judgement).totalBytes ?? 0), 0);
}

function summarize(judgements: readonly Judgement[], stale: readonly StaleEntry[]): LeakSummary {
  const count = (verdict: Verdict) => judgements.filter((judgement) => judgement.verdict === verdict).length;
  return {
    managed: count('managed'),
    orphans: count('orphan'),
    excess: count('excess'),
    unverified: count('unverified'),
    foreign: count('foreign'),
    zombies: count('zombie'),
    staleEntries: stale.length,
    leakedMemoryBytes: leakedBytes(judgements),
  };
}

export function memoryOf({ row }: Judgement): ReportedMemory {
  const { pssBytes = null, rssBytes = null, swapBytes = null } = row;
  if (pssBytes !== null) {
    return { pssBytes, rssBytes, swapBytes, totalBytes: pssBytes + (swapBytes ?? 0), kind: 'pss+swap' };
  }
  return { pssBytes, rssBytes, swapBytes, totalBytes: rssBytes, kind: rssBytes === null ? null : 'rss' };
}
