import { ageSeconds, hasKnownStart, isZombie } from './identity.ts';
import type { Case, JudgementContext } from './judgement-context.ts';
import { isCandidateName } from './role-program.ts';
import type { ProcessRow } from './snapshot.ts';
import type { Finding, Judgement } from './verdict.ts';
import { findExcess } from './verdicts/excess.ts';
import { findForeign } from './verdicts/foreign.ts';
import { findManaged, findManagedRoot } from './verdicts/managed.ts';
import { findOrphan } from './verdicts/orphan.ts';
import { unverified } from './verdicts/unverified.ts';

/**
 * Judges every process of a snapshot that can be ours, each after its parent; the first verdict that fits is taken. Processes that
 * have nothing to do with claude-mem get none.
 */
export function classify(context: JudgementContext): readonly Judgement[] {
  const judged = new Map<number, Judgement>();
  for (const row of context.index.topDown()) {
    if (row.pid === context.snapshot.self.pid && context.input.judgesSelf !== true) continue;
    const parent = context.index.parentOf(row);
    const parentJudgement = parent && judged.get(parent.pid);
    if (parentJudgement === undefined && !context.mayMatter(row)) continue;
    const judgement = judge(context.caseOf(row, parentJudgement), context);
    if (judgement !== undefined) judged.set(row.pid, judgement);
  }
  return [...judged.values()].sort((left, right) => left.row.pid - right.row.pid);
}

function judge(subject: Case, context: JudgementContext): Judgement | undefined {
  const finding = isZombie(subject.row) ? findZombie(subject, context) : findVerdict(subject, context);
  if (finding === undefined) return undefined;
  const { verdict, evidence, restsOnCommand = false, isManagedRoot = false, isOtherInstallation = false } = finding;
  return {
    row: subject.row,
    verdict,
    role: subject.role,
    treeId: subject.treeId,
    ageSeconds: ageSeconds(subject.row, context.snapshot),
    evidence,
    restsOnCommand,
    isManagedRoot,
    isOtherInstallation,
    sharesWithChildren: subject.isChromaWrapper || (subject.parentJudgement?.sharesWithChildren ?? false),
  };
}

function findVerdict(subject: Case, context: JudgementContext): Finding | undefined {
  const isCandidate =
    subject.isChroma || typeof subject.row.treeMark === 'string' || isRecordedAnywhere(subject, context);
  if (!isCandidate && !isBelowJudged(subject)) return undefined;
  return (
    findForeign(subject, context) ??
    findManagedRoot(subject) ??
    (mayBeLeak(subject, context) ? (findOrphan(subject, context) ?? findExcess(subject, context)) : undefined) ??
    findManaged(subject, context) ??
    (isCandidate ? unverified(subject, context) : undefined)
  );
}

function isRecordedAnywhere(subject: Case, context: JudgementContext): boolean {
  return subject.recorded.length > 0 || context.others.liveRecords.has(subject.row.pid);
}

function isBelowJudged({ parentJudgement: parent }: Case): boolean {
  return parent !== undefined && (parent.verdict !== 'foreign' || parent.isOtherInstallation);
}

/** Whatever speaks against it: nobody is accused whose user or start is not known, nor the init process. */
function mayBeLeak({ row }: Case, { snapshot, input }: JudgementContext): boolean {
  const { uid } = snapshot.self;
  const isSameUser = row.uid === uid || (uid === 0 && input.namedPids?.has(row.pid) === true);
  return isSameUser && row.pid > 1 && hasKnownStart(row, snapshot);
}

/** A zombie has no command line and no environment left: it is known by record, by its parent, or by a name that can be ours. */
function findZombie(subject: Case, context: JudgementContext): Finding | undefined {
  const { row, parentJudgement } = subject;
  const { uid } = context.snapshot.self;
  if (uid !== undefined && row.uid !== undefined && row.uid !== uid) return undefined;
  const isOurs =
    isRecordedZombie(row, context) || (parentJudgement !== undefined && parentJudgement.verdict !== 'foreign');
  if (!isOurs && !isCandidateName(row.name)) return undefined;
  return {
    verdict: 'zombie',
    evidence: [{ kind: 'zombie', detail: `has exited; its parent pid ${row.ppid} has not waited for it yet` }],
  };
}

function isRecordedZombie(row: ProcessRow, { trees }: JudgementContext): boolean {
  return trees.entriesOf(row.pid).some(({ identity }) => identity.startTicks === row.startTicks);
}
