import type { Role } from '../tree/manifest.ts';
import type { ProcessRow } from '../process/snapshot.ts';

export const VERDICTS = ['managed', 'orphan', 'excess', 'unverified', 'foreign', 'zombie'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The order in which people see them: leaks first. */
export const VERDICT_ORDER: readonly Verdict[] = ['orphan', 'excess', 'unverified', 'managed', 'zombie', 'foreign'];

/** What is reported where only findings are shown: leaks, and what may be one. */
export const FINDINGS = ['orphan', 'excess', 'unverified'] as const satisfies readonly Verdict[];

/** One reason for a verdict, in words that can be checked with `ps`. */
export interface Evidence {
  /** What kind of fact it is: `recorded`, `marked`, `owner-gone`, `tree-dead`, `adopted`, `pattern`, … */
  readonly kind: string;
  readonly detail: string;
}

/** What was decided about one process, and why. */
export interface Judgement {
  readonly row: ProcessRow;
  readonly verdict: Verdict;
  readonly role: Role | null;
  readonly treeId: string | null;
  readonly ageSeconds: number;
  readonly evidence: readonly Evidence[];
  /** The verdict rests on the command line alone, so it must be compared again next to the signal. */
  readonly restsOnCommand: boolean;
  /** A process that is the first of its tree and alive; nothing below it belongs to another tree's cleanup. */
  readonly isManagedRoot: boolean;
  /** What it started shares its verdict: a uv wrapper, and whatever is below one. */
  readonly sharesWithChildren: boolean;
  /** Descendants of it are another installation's too. */
  readonly isOtherInstallation: boolean;
}

/** What a verdict function finds; the rest of a judgement is the same for all of them. */
export interface Finding {
  readonly verdict: Verdict;
  readonly evidence: readonly Evidence[];
  readonly restsOnCommand?: boolean;
  readonly isManagedRoot?: boolean;
  readonly isOtherInstallation?: boolean;
}
