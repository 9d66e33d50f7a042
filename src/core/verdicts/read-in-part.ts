import type { Case } from './judgement-context.ts';
import { mayRunRole } from '../process/role-program.ts';
import type { ProcessRow } from '../process/snapshot.ts';
import type { Evidence, Finding } from './verdict.ts';

/** Evidence that rests on no command line and on no environment of the process itself. */
const APART_FROM_ENVIRONMENT: ReadonlySet<string> = new Set([
  ...['recorded', 'owner-gone', 'tree-dead', 'let-go'],
  ...['started-by-orphan', 'started-by-excess'],
]);

/** Whether a process was read in part and the rest may make it one of ours: it is reported, so that a person can look. */
export function isReadInPart(row: ProcessRow): boolean {
  return (row.commandCut === true || row.environmentCut === true) && mayRunRole(row);
}

/** What is found of a process that was read in part is at most unverified, unless the rest could not change it. */
export function boundFinding(finding: Finding | undefined, { row, recorded }: Case): Finding | undefined {
  if (finding?.verdict !== 'orphan' && finding?.verdict !== 'excess') return finding;
  if (row.commandCut !== true && row.environmentCut !== true) return finding;
  const isProvenApart =
    row.commandCut !== true && finding.evidence.every(({ kind }) => APART_FROM_ENVIRONMENT.has(kind));
  if (isProvenApart) return finding;
  // What it was recorded as still tells a person what it may be.
  const known = finding.evidence.filter(({ kind }) => recorded.length > 0 && kind === 'recorded');
  return { verdict: 'unverified', evidence: [...known, partEvidence(row)] };
}

/** In words that `ps` or `/proc` confirms. */
export function partEvidence(row: ProcessRow): Evidence {
  const what = row.commandCut === true ? 'command line' : 'environment';
  return { kind: 'read-in-part', detail: `its ${what} is longer than 128 KiB, so only its beginning was read` };
}
