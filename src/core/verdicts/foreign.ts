import { namespaceDigits } from '../process/identity.ts';
import type { Case, JudgementContext } from './judgement-context.ts';
import { dataDirArgument, hasCommandLine } from '../process/role-program.ts';
import type { Finding } from './verdict.ts';
import { isRemoteHere } from './remote-chroma.ts';
import { isReadInPart, partEvidence } from './read-in-part.ts';

/** Belongs to another user, pid namespace or data dir, or to a live installation of another kind. */
export function findForeign(subject: Case, context: JudgementContext): Finding | undefined {
  const { row } = subject;
  const detail =
    foreignUser(subject, context) ?? foreignNamespace(subject, context) ?? foreignDataDir(subject, context);
  if (detail !== undefined)
    return { verdict: 'foreign', evidence: [detail, ...(isReadInPart(row) ? [partEvidence(row)] : [])] };

  const record = context.others.liveRecords.get(row.pid);
  if (record !== undefined) {
    // The children of another installation's worker are foreign only if it records them: its other children may be leaks.
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
  // The last `--data-dir` of a command line counts, and the unread part may contain it.
  if (subject.isChroma && !subject.isChromaHere && hasCommandLine(row) && row.commandCut !== true) {
    const written = dataDirArgument(row);
    if (written !== undefined)
      return { kind: 'data-dir', detail: `uses another data dir: ${row.roleDirectory ?? written}` };
    if (!subject.isMarkedHere && subject.recorded.length === 0 && !isRemoteHere(subject, context)) {
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
 * Whether the data dir in the environment decides. It does not if the command line names a directory, if a manifest records the process
 * as a root (a root inherits the marks of the program that started it), or if the mark is inherited from a wrapper.
 */
function isDataDirMarkDecisive({ row, isChromaHere, recorded, parentJudgement: parent }: Case): boolean {
  if (isChromaHere || recorded.some((record) => record.isRoot)) return false;
  const isInherited = parent?.sharesWithChildren === true && parent.row.dataDirMark === row.dataDirMark;
  return !isInherited || parent.verdict === 'foreign';
}
