import { leads } from '../process/adopter.ts';
import { ageSeconds } from '../process/identity.ts';
import { goneWorkerThatLed } from './gone-worker.ts';
import type { Case, JudgementContext } from './judgement-context.ts';
import type { ProcessIndex } from '../process/process-index.ts';
import { isClaudeMemScript } from '../process/role-program.ts';
import type { ProcessRow } from '../process/snapshot.ts';
import { describeChroma, isRemoteHere } from './remote-chroma.ts';
import type { Evidence, Finding } from './verdict.ts';

/** A younger process may not be recorded yet: the plugin registers its uv 2.7 s after its start. Seconds. */
const PATTERN_MIN_AGE_SECONDS = 120;

/** The result of the pattern proof: its evidence, or the first condition that fails. */
export type PatternProof = { readonly proven: readonly Evidence[] } | { readonly missing: string };

/** An orphan proven by its command line and its position in the process table, without manifest entry or mark. */
export function findPatternOrphan(subject: Case, context: JudgementContext): Finding | undefined {
  if (!mayBePattern(subject, context) || !isUnclaimed(subject, context)) return undefined;
  const proof = provePattern(subject, context);
  if (!('proven' in proof)) return undefined;
  return { verdict: 'orphan', evidence: proof.proven, restsOnCommand: true };
}

/** A remote Chroma names no directory, so only the session of a recorded worker that is gone connects it with this data dir. */
function mayBePattern(subject: Case, context: JudgementContext): boolean {
  if (subject.isChromaHere) return true;
  return isRemoteHere(subject, context) && goneWorkerThatLed(subject.row, context) !== undefined;
}

/** Whether no manifest entry and no mark refers to the process. An entry of unknown identity counts as one that does. */
export function isUnclaimed({ row }: Case, { trees }: JudgementContext): boolean {
  return !trees.mentions(row.pid) && typeof row.treeMark !== 'string' && typeof row.ownerMark !== 'string';
}

/** Checks the conditions in order; the first that fails is reported as missing. */
export function provePattern(subject: Case, context: JudgementContext): PatternProof {
  const { row } = subject;
  const leaver = goneWorkerThatLed(row, context);
  const adoption = subject.adoption ?? adoptionByGroup(subject, leaver);
  if (adoption === undefined) return { missing: whyNotAdopted(subject) };
  if (mayLead(row, context.index)) {
    return { missing: 'it leads its session or process group, like a job started on purpose' };
  }
  if (subject.parent?.pgid !== undefined && subject.parent.pgid === row.pgid) {
    return { missing: `it is in the process group of its parent pid ${row.ppid}` };
  }
  const keeper = liveClaudeMem(subject, context);
  if (keeper !== undefined) return { missing: keeper };
  const age = ageSeconds(row, context.snapshot);
  if (leaver === undefined && age <= PATTERN_MIN_AGE_SECONDS) {
    return {
      missing: `it is only ${Math.floor(age)} s old and must be older than ${PATTERN_MIN_AGE_SECONDS} s`,
    };
  }
  return {
    proven: [
      { kind: 'pattern', detail: `${describeChroma(subject)}, without a manifest entry or a claude-mem mark` },
      { kind: 'adopted', detail: adoption },
      {
        kind: 'no-owner',
        detail: 'no live claude-mem process is its ancestor, leads its session or process group, or records it',
      },
      leaver === undefined
        ? { kind: 'age', detail: `${Math.floor(age)} s old, more than ${PATTERN_MIN_AGE_SECONDS} s` }
        : { kind: 'worker-gone', detail: leaver },
    ],
  };
}

/** Without sessions and groups (Windows) a parent that is gone or younger decides: Windows does not re-parent. */
function mayLead(row: ProcessRow, index: ProcessIndex): boolean {
  return leads(row) ?? !index.isParentGone(row);
}

/** Without session ids, a process group proves adoption only if a recorded worker that is gone led it. */
function adoptionByGroup({ row, parent }: Case, leaver: string | undefined): string | undefined {
  if (row.sid !== undefined || leaver === undefined || parent?.pgid === undefined || parent.pgid === row.pgid)
    return undefined;
  return `re-parented to pid ${parent.pid} (${parent.name}), which is not in the process group its worker led`;
}

function liveClaudeMem({ row }: Case, context: JudgementContext): string | undefined {
  const { index, others, trees } = context;
  const isClaudeMem = (candidate: ProcessRow) =>
    candidate.pid !== row.pid &&
    (isClaudeMemScript(candidate) ||
      others.liveRecords.has(candidate.pid) ||
      trees.aliveEntries(candidate.pid).length > 0);

  const above = index
    .ancestorsOf(row)
    .find((ancestor) => index.livePid(ancestor.pid) !== undefined && isClaudeMem(ancestor));
  if (above !== undefined) return `its ancestor pid ${above.pid} is a live claude-mem process`;
  for (const [what, pid] of [
    ['session', row.sid],
    ['process group', row.pgid],
  ] as const) {
    const leader = index.livePid(pid);
    if (leader !== undefined && isClaudeMem(leader))
      return `its ${what} leader pid ${leader.pid} is a live claude-mem process`;
  }
  if (others.unread !== undefined) return `${others.unread} could not be read and may record it`;
  const claim = others.claims.get(row.pid);
  return claim === undefined ? undefined : `${claim} of a live installation records its pid`;
}

/** Below an unverified wrapper only the wrapper's own evidence can decide. */
function whyNotAdopted({ row, parent, parentJudgement }: Case): string {
  const who = `its parent pid ${row.ppid}${name(parent)}`;
  const isBelowUnverified = parentJudgement?.verdict === 'unverified' && parentJudgement.sharesWithChildren;
  return isBelowUnverified ? `${who} is unverified, so this process is too` : `not re-parented: ${who} is alive`;
}

function name(row: ProcessRow | undefined): string {
  return row === undefined || row.name === '' ? '' : ` (${row.name})`;
}
