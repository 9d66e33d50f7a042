import { namespaceDigits } from '../process/identity.ts';
import type { Case, JudgementContext } from './judgement-context.ts';
import { dataDirArgument, hasCommandLine } from '../process/role-program.ts';
import type { Finding } from './verdict.ts';
import { isReadInPart, partEvidence } from './read-in-part.ts';

/** Not ours: another user's, another pid namespace's, another data dir's, or a live installation's of another kind. */
export function findForeign(subject: Case, context: JudgementContext): Finding | undefined {
  const { row } = subject;
  const detail =
    foreignUser(subject, context) ?? foreignNamespace(subject, context) ?? foreignDataDir(subject, context);
  if (detail !== undefined)
    return { verdict: 'foreign', evidence: [detail, ...(isReadInPart(row) ? [partEvidence(row)] : [])] };

  const record = context.others.liveRecords.get(row.pid);
  if (record !== undefined) {
    // What a worker started is its own only as far as it records it; leaks under a live worker are real.
    return {
      verdict: 'foreign',
      evidence: [{ kind: 'other-installation', detail: record.detail }],
      isOtherInstallation: !record.isWorker,
    };
  }
  if (subject.parentJudgement?.isOtherInstallation === true) {
    return {
      verdict: 'foreign',
      evidence: [
        { kind: 'other-installation', detail: `started by pid ${row.ppid}, which another installation records` },
      ],
      isOtherInstallation: true,
    };
  }
  return undefined;
}

function foreignUser({ row }: Case, { snapshot, input }: JudgementContext) {
  const self = snapshot.self.uid;
  if (row.uid === undefined || self === undefined || row.uid === self) return undefined;
  if (self === 0 && input.namedPids?.has(row.pid) === true) return undefined;
  return { kind: 'user', detail: `belongs to user id ${row.uid}, not to ${self}` };
}

function foreignNamespace({ row }: Case, { snapshot }: JudgementContext) {
  const here = namespaceDigits(snapshot.pidNamespace);
  const there = namespaceDigits(row.pidNamespace) ?? here;
  return there === here
    ? undefined
    : { kind: 'pid-namespace', detail: `runs in another pid namespace (${there ?? '?'})` };
}

function foreignDataDir(subject: Case, context: JudgementContext) {
  const { row } = subject;
  // Of several the last `--data-dir` counts, and what was not read may hold it.
  if (subject.isChroma && !subject.isChromaHere && hasCommandLine(row) && row.commandCut !== true) {
    const written = dataDirArgument(row);
    if (written !== undefined)
      return { kind: 'data-dir', detail: `uses another data dir: ${row.roleDirectory ?? written}` };
    if (!subject.isMarkedHere && subject.recorded.length === 0) {
      return { kind: 'data-dir', detail: 'a chroma-mcp whose command line names no claude-mem data dir' };
    }
  }
  if (!isDataDirMarkDecisive(subject)) return undefined;
  if (typeof row.dataDirMark === 'string' && !context.isSameDirectory(row.dataDirMark)) {
    return { kind: 'data-dir', detail: `its environment names another data dir: ${row.dataDirMark}` };
  }
  return undefined;
}

/**
 * The directory on the command line decides before the environment. A root's marks are those of the program that started it, so its own
 * manifest decides. A wrapper's helpers inherit its marks.
 */
function isDataDirMarkDecisive({ row, isChromaHere, recorded, parentJudgement: parent }: Case): boolean {
  if (isChromaHere || recorded.some((record) => record.isRoot)) return false;
  const isInherited = parent?.sharesWithChildren === true && parent.row.dataDirMark === row.dataDirMark;
  return !isInherited || parent.verdict === 'foreign';
}
