import type { Case } from './judgement-context.ts';
import { mayRunRole } from '../process/role-program.ts';
import type { ProcessRow } from '../process/snapshot.ts';
import type { Evidence, Finding } from './verdict.ts';

/** Evidence kinds that do not rest on the process's own command line or environment. */
const APART_FROM_ENVIRONMENT: ReadonlySet<string> = new Set([
  ...['recorded', 'owner-gone', 'tree-dead', 'let-go'],
  ...['started-by-orphan', 'started-by-excess'],
]);

/** Whether the unread part may make this a claude-mem process. Such a process is reported, so that a person can check it. */
export function isReadInPart(row: ProcessRow): boolean {
  return (row.commandCut === true || row.environmentCut === true) && mayRunRole(row);
}

/** A process that was read in part is at most unverified, unless the unread part cannot change the finding. */
export function boundFinding(finding: Finding | undefined, { row, recorded }: Case): Finding | undefined {
  if (finding?.verdict !== 'orphan' && finding?.verdict !== 'excess') return finding;
  if (row.commandCut !== true && row.environmentCut !== true) return finding;
  const isProvenApart =
    row.commandCut !== true && finding.evidence.every(({ kind }) => APART_FROM_ENVIRONMENT.has(kind));
  if (isProvenApart) return finding;
  // The record still shows a person what the process may be.
  const known = finding.evidence.filter(({ kind }) => recorded.length > 0 && kind === 'recorded');
  return { verdict: 'unverified', evidence: [...known, partEvidence(row)] };
}

/** Checkable with `ps` or `/proc`. */
export function partEvidence(row: ProcessRow): Evidence {
  const what = row.commandCut === true ? 'command line' : 'environment';
  return { kind: 'read-in-part', detail: `its ${what} is longer than 128 KiB, so only its beginning was read` };
}
