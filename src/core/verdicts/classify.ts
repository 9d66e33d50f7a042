import { ageSeconds, hasKnownStart, isZombie } from '../process/identity.ts';
import type { Case, JudgementContext } from './judgement-context.ts';
import { isCandidateName } from '../process/role-program.ts';
import type { ProcessRow } from '../process/snapshot.ts';
import { isFindingVerdict, type Finding, type Judgement } from './verdict.ts';
import { findExcess } from './excess.ts';
import { findForeign } from './foreign.ts';
import { findContradicted } from './live-owner.ts';
import { findManaged, findManagedRoot } from './managed.ts';
import { findOrphan } from './orphan.ts';
import { boundFinding, isReadInPart } from './read-in-part.ts';
import { findOwner } from './left-by.ts';
import { unverified } from './unverified.ts';

/**
 * Judges the processes of a snapshot, each after its parent. The first verdict that fits is taken. A process without a connection to
 * claude-mem gets no verdict.
 */
export function classify(context: JudgementContext): readonly Judgement[] {
  const judging = new Judging(context);
  const open = context.snapshot.processes.filter((row) => context.isRelevant(row));
  // By pid: if a torn reading shows a cycle, the result must not depend on the order of the table.
  open.sort((left, right) => left.pid - right.pid);
  const visited = new Set<number>();
  // The loop also visits the rows it appends: every descendant of a judged process is judged.
  for (const row of open) {
    if (visited.has(row.pid)) continue;
    visited.add(row.pid);
    if (judging.judgementOf(row) === null) continue;
    // Not `push(...children)`: a hundred thousand arguments overflow the stack.
    for (const child of context.index.childrenOf(row.pid)) open.push(child);
  }
  return judging.judgements().sort((left, right) => left.row.pid - right.row.pid);
}

/** Judges relevant processes and their ancestors only, and each of them once: most rows of a process table are irrelevant. */
class Judging {
  readonly #context: JudgementContext;
  readonly #known = new Map<number, Judgement | null>();

  constructor(context: JudgementContext) {
    this.#context = context;
  }

  /** Judges the ancestors first, in a loop: a chain can be too long for recursion. Null: no verdict. */
  judgementOf(row: ProcessRow): Judgement | null {
    const open: ProcessRow[] = [];
    for (
      let next: ProcessRow | undefined = row;
      next !== undefined && !this.#known.has(next.pid);
      next = this.#context.index.parentOf(next)
    ) {
      // Known while open, so that a cycle ends the walk.
      this.#known.set(next.pid, null);
      open.push(next);
    }
    for (const next of open.reverse()) this.#known.set(next.pid, this.#judge(next));
    return this.#known.get(row.pid) ?? null;
  }

  judgements(): Judgement[] {
    return [...this.#known.values()].filter((judgement) => judgement !== null);
  }

  #judge(row: ProcessRow): Judgement | null {
    const { index, snapshot, input } = this.#context;
    const parent = index.parentOf(row);
    const parentJudgement = (parent && this.#known.get(parent.pid)) ?? undefined;
    if (row.pid === snapshot.self.pid && input.judgesSelf !== true) return null;
    if (parentJudgement === undefined && !this.#context.isRelevant(row)) return null;
    return judge(this.#context.caseOf(row, parentJudgement), this.#context) ?? null;
  }
}

function judge(subject: Case, context: JudgementContext): Judgement | undefined {
  const finding = isZombie(subject.row) ? findZombie(subject, context) : findVerdict(subject, context);
  if (finding === undefined) return undefined;
  const {
    verdict,
    evidence,
    restsOnCommand = false,
    needsSecondLook = false,
    isManagedRoot = false,
    isOtherInstallation = false,
  } = finding;
  const owner = isFindingVerdict(verdict) ? findOwner(subject, context) : undefined;
  return {
    row: subject.row,
    verdict,
    role: subject.role,
    treeId: subject.treeId,
    ageSeconds: ageSeconds(subject.row, context.snapshot),
    evidence,
    restsOnCommand,
    needsSecondLook,
    isManagedRoot,
    isOtherInstallation,
    sharesWithChildren: subject.isChromaWrapper || (subject.parentJudgement?.sharesWithChildren ?? false),
    ...(owner === undefined ? {} : { leftBy: owner }),
  };
}

function findVerdict(subject: Case, context: JudgementContext): Finding | undefined {
  const isCandidate =
    subject.isChroma ||
    typeof subject.row.treeMark === 'string' ||
    isRecordedAnywhere(subject, context) ||
    isReadInPart(subject.row);
  if (!isCandidate && !isBelowJudged(subject)) return undefined;
  return (
    findForeign(subject, context) ??
    findManagedRoot(subject) ??
    boundFinding(mayBeLeak(subject, context) ? findLeak(subject, context) : undefined, subject) ??
    findManaged(subject, context) ??
    (isCandidate ? unverified(subject, context) : undefined)
  );
}

function findLeak(subject: Case, context: JudgementContext): Finding | undefined {
  return findContradicted(subject, context) ?? findOrphan(subject, context) ?? findExcess(subject, context);
}

function isRecordedAnywhere(subject: Case, context: JudgementContext): boolean {
  const { liveRecords, observers } = context.others;
  return subject.recorded.length > 0 || liveRecords.has(subject.row.pid) || observers.has(subject.row.pid);
}

function isBelowJudged({ parentJudgement: parent }: Case): boolean {
  return parent !== undefined && (parent.verdict !== 'foreign' || parent.isOtherInstallation);
}

/** A process is never reported as a leak if its user or start time is unknown, or if it is pid 1. */
function mayBeLeak({ row }: Case, { snapshot, input }: JudgementContext): boolean {
  const { uid } = snapshot.self;
  const isSameUser = row.uid === uid || (uid === 0 && input.namedPids?.has(row.pid) === true);
  return isSameUser && row.pid > 1 && hasKnownStart(row, snapshot);
}

/** A zombie has lost its command line and environment. Its record, its parent or its name connects it with claude-mem. */
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
