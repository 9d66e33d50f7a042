import type { ProcessSnapshot } from '../../core/process/snapshot.ts';
import type { Role } from '../../core/tree/manifest.ts';
import {
  isFindingVerdict,
  isLeak,
  VERDICT_ORDER,
  type Evidence,
  type FindingVerdict,
  type Judgement,
  type Owner,
} from '../../core/verdicts/verdict.ts';
import { chainsOf, JudgedParents, type Chain } from './chains.ts';
import { memoryOf } from './process-memory.ts';
import type { Sort } from './order.ts';

/** Leaked or unverified processes with the same verdict, left by the same process. */
export interface LeakGroup {
  readonly verdict: FindingVerdict;
  /** Null if unknown. */
  readonly owner: Owner | null;
  /** The session in which the unknown owner ran; null if the owner is known or the processes lead their sessions. */
  readonly sessionId: number | null;
  /** One wrapper with its python is one leak. */
  readonly chains: readonly Chain[];
  /** In the order of the chains, each process after its parent. */
  readonly judgements: readonly Judgement[];
  /** Null if no memory could be measured. */
  readonly memoryBytes: number | null;
  readonly oldestAgeSeconds: number;
  readonly newestAgeSeconds: number;
  /** The youngest first process of a chain. Its evidence is the newest. */
  readonly newest: Judgement;
}

/** An entry of `groups` in JSON. Field names are API: add, never rename. */
export interface ReportedGroup {
  readonly verdict: FindingVerdict;
  readonly owner: {
    readonly pid: number;
    readonly role: Role | null;
    readonly treeId: string | null;
    readonly presence: Owner['presence'];
    readonly goneSince: string | null;
  } | null;
  readonly sessionId: number | null;
  /** Number of leaks: one wrapper with its python is one leak. */
  readonly leaks: number;
  readonly pids: readonly number[];
  readonly memoryBytes: number | null;
  readonly oldestAgeSeconds: number;
  readonly evidence: readonly Evidence[];
}

/**
 * Groups the leaked and unverified processes by verdict and owner. A process below another leaked one belongs to the group of the
 * topmost. Leaks come first, then the largest group.
 */
export function groupLeaks(
  judgements: readonly Judgement[],
  snapshot: ProcessSnapshot,
  sort: Sort = 'verdict',
): readonly LeakGroup[] {
  const found = judgements.filter(({ verdict }) => isFindingVerdict(verdict));
  const parents = new JudgedParents(found, snapshot);
  const groups = new Map<string, { readonly top: Judgement; readonly chains: Chain[] }>();
  for (const chain of chainsOf(found, snapshot)) {
    const top = parents.topOf(chain[0].judgement);
    const key = keyOf(top);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { top, chains: [chain] });
    else group.chains.push(chain);
  }
  return [...groups.values()].map(({ top, chains }) => groupOf(top, chains)).sort(COMPARISONS[sort]);
}

/** Number of leaks in these groups, without unverified processes. */
export function countLeaks(groups: readonly LeakGroup[]): number {
  return groups.filter(isLeak).reduce((sum, { chains }) => sum + chains.length, 0);
}

export function reportGroup(group: LeakGroup): ReportedGroup {
  const { verdict, owner, sessionId, chains, judgements, memoryBytes, oldestAgeSeconds, newest } = group;
  return {
    verdict,
    owner: owner && {
      pid: owner.identity.pid,
      role: owner.role,
      treeId: owner.treeId,
      presence: owner.presence,
      goneSince: owner.goneSince,
    },
    sessionId,
    leaks: chains.length,
    pids: judgements.map(({ row }) => row.pid),
    memoryBytes,
    oldestAgeSeconds: Math.round(oldestAgeSeconds * 100) / 100,
    evidence: newest.evidence,
  };
}

/** Without a known owner, the session or the current parent separates what several processes left. */
function keyOf(top: Judgement): string {
  const { verdict, leftBy, row } = top;
  if (leftBy === undefined) return `${verdict} ${sessionOf(top) ?? `parent ${row.ppid}`}`;
  const { pid, startTicks, startedAt } = leftBy.identity;
  return `${verdict} owner ${pid} ${startTicks ?? startedAt ?? ''} ${leftBy.treeId ?? ''}`;
}

/** A process enters a session by birth, unless it leads it. */
function sessionOf({ row }: Judgement): number | null {
  return row.sid === undefined || row.sid === row.pid || row.sid <= 1 ? null : row.sid;
}

function groupOf(top: Judgement, chains: readonly Chain[]): LeakGroup {
  const judgements = chains.flatMap((chain) => chain.map(({ judgement }) => judgement));
  const ages = judgements.map(({ ageSeconds }) => ageSeconds);
  const heads = chains.map(([{ judgement }]) => judgement);
  return {
    verdict: top.verdict as FindingVerdict,
    owner: top.leftBy ?? null,
    sessionId: top.leftBy === undefined ? sessionOf(top) : null,
    chains,
    judgements,
    memoryBytes: totalMemory(judgements),
    oldestAgeSeconds: ages.reduce((most, age) => Math.max(most, age), 0),
    newestAgeSeconds: ages.reduce((least, age) => Math.min(least, age), Infinity),
    newest: heads.reduce((newest, head) => (head.ageSeconds < newest.ageSeconds ? head : newest)),
  };
}

function totalMemory(judgements: readonly Judgement[]): number | null {
  const known = judgements.flatMap((judgement) => memoryOf(judgement).totalBytes ?? []);
  return known.length === 0 ? null : known.reduce((sum, bytes) => sum + bytes, 0);
}

type Comparison = (left: LeakGroup, right: LeakGroup) => number;
const byLeak: Comparison = (left, right) => Number(isLeak(right)) - Number(isLeak(left));
const byMemory: Comparison = (left, right) => (right.memoryBytes ?? -1) - (left.memoryBytes ?? -1);
const byAge: Comparison = (left, right) => right.oldestAgeSeconds - left.oldestAgeSeconds;
const byVerdict: Comparison = (left, right) =>
  VERDICT_ORDER.indexOf(left.verdict) - VERDICT_ORDER.indexOf(right.verdict);
const byPid: Comparison = (left, right) => leastPid(left) - leastPid(right);

const COMPARISONS: Readonly<Record<Sort, Comparison>> = {
  verdict: (left, right) =>
    byLeak(left, right) || byMemory(left, right) || byVerdict(left, right) || byPid(left, right),
  memory: (left, right) => byMemory(left, right) || byPid(left, right),
  age: (left, right) => byAge(left, right) || byPid(left, right),
  pid: byPid,
};

function leastPid({ judgements }: LeakGroup): number {
  return judgements.reduce((least, { row }) => Math.min(least, row.pid), Infinity);
}
