import type { Identity, Presence } from '../process/identity.ts';
import type { Role } from '../tree/manifest.ts';
import type { ProcessRow } from '../process/snapshot.ts';

export const VERDICTS = ['managed', 'orphan', 'excess', 'unverified', 'foreign', 'zombie'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Display order: leaks first. */
export const VERDICT_ORDER: readonly Verdict[] = ['orphan', 'excess', 'unverified', 'managed', 'zombie', 'foreign'];

/** Leaks and possible leaks. */
export const FINDINGS = ['orphan', 'excess', 'unverified'] as const satisfies readonly Verdict[];
export type FindingVerdict = (typeof FINDINGS)[number];

export function isFindingVerdict(verdict: Verdict): verdict is FindingVerdict {
  return (FINDINGS as readonly Verdict[]).includes(verdict);
}

export function isLeak({ verdict }: { readonly verdict: Verdict }): boolean {
  return verdict === 'orphan' || verdict === 'excess';
}

/** The process that started a leaked or unverified process. */
export interface Owner {
  readonly identity: Identity;
  /** Its recorded role. */
  readonly role: Role | null;
  readonly treeId: string | null;
  readonly presence: Presence;
  /** When it was seen gone at the latest, ISO 8601. */
  readonly goneSince: string | null;
}

/** One fact behind a verdict, checkable with `ps`. */
export interface Evidence {
  /** Kind of fact: `recorded`, `marked`, `owner-gone`, `tree-dead`, `adopted`, `pattern`, … API: add, never rename. */
  readonly kind: string;
  readonly detail: string;
}

/** The verdict on one process, with its evidence. */
export interface Judgement {
  readonly row: ProcessRow;
  readonly verdict: Verdict;
  readonly role: Role | null;
  readonly treeId: string | null;
  readonly ageSeconds: number;
  readonly evidence: readonly Evidence[];
  /** The verdict rests on the command line alone, so the command line must be compared again right before a signal. */
  readonly restsOnCommand: boolean;
  /**
   * Only a closed channel proves the release, and the owner is alive. It may be about to end the process itself, so a reap looks twice
   * before it signals.
   */
  readonly needsSecondLook: boolean;
  /** The live root of a tree. No other tree's cleanup goes below it. */
  readonly isManagedRoot: boolean;
  /** The children share this verdict: true for a uv wrapper and all its descendants. */
  readonly sharesWithChildren: boolean;
  /** The process and its descendants belong to another installation. */
  readonly isOtherInstallation: boolean;
  /** Of a leaked or unverified process: the process that started it, if known. */
  readonly leftBy?: Owner;
}

/** The part of a judgement that a verdict function decides. */
export interface Finding {
  readonly verdict: Verdict;
  readonly evidence: readonly Evidence[];
  readonly restsOnCommand?: boolean;
  readonly needsSecondLook?: boolean;
  readonly isManagedRoot?: boolean;
  readonly isOtherInstallation?: boolean;
}
