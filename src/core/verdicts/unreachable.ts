import { isStdinClosed, isUnreachable } from '../process/channels.ts';
import { isZombie } from '../process/identity.ts';
import { isChromaWrapper } from '../process/role-program.ts';
import type { ProcessRow, ProcessSnapshot } from '../process/snapshot.ts';
import type { Case, JudgementContext } from './judgement-context.ts';
import { describeChroma, isRemoteHere } from './remote-chroma.ts';
import type { Evidence, Finding } from './verdict.ts';

/**
 * A chroma-mcp that was re-parented and that no client can reach. Standard input is the only channel of a stdio server, so it can never
 * get work again, regardless of its age, session and marks.
 */
export function findUnreachableOrphan(subject: Case, context: JudgementContext): Finding | undefined {
  const { row } = subject;
  if (!(subject.isChromaHere || isRemoteHere(subject, context)) || !isStdinClosed(row.channels)) return undefined;
  const isReleased = isUnreachable(row.channels) || hasLostWrapper(subject, context);
  if (!isReleased || subject.adoption === undefined || !isUnrecordedByLive(subject, context)) return undefined;
  return {
    verdict: 'orphan',
    evidence: [
      { kind: 'command', detail: describeChroma(subject) },
      { kind: 'adopted', detail: subject.adoption },
      unreachableEvidence(row, context.snapshot),
      { kind: 'no-owner', detail: 'no live claude-mem process records it' },
    ],
    restsOnCommand: true,
    needsSecondLook: !isUnreachable(row.channels),
  };
}

/** An observer that a gone worker of the published plugin recorded. */
export function findObserver({ row }: Case, { others, snapshot }: JudgementContext): Finding | undefined {
  const worker = others.observers.get(row.pid);
  if (worker === undefined || row.sid !== row.pid || !isUnreachable(row.channels)) return undefined;
  return {
    verdict: 'orphan',
    evidence: [
      { kind: 'recorded', detail: `recorded as an observer in ${worker.file}` },
      { kind: 'worker-gone', detail: `its worker pid ${worker.identity.pid}, which ${worker.file} records, is gone` },
      unreachableEvidence(row, snapshot),
    ],
  };
}

/** Evidence of the closed channels. */
export function unreachableEvidence({ pid, channels }: ProcessRow, { platform }: ProcessSnapshot): Evidence {
  const ends = isUnreachable(channels) ? 'stdin and stdout' : 'stdin';
  const check =
    platform === 'darwin'
      ? `lsof -a -p ${pid} -d 0,1`
      : `sockets ss -xanep | grep pid=${pid}, pipes lsof +E -a -p ${pid} -d 0,1`;
  return {
    kind: 'unreachable',
    detail: `no process holds the other end of its ${ends}, so no client can reach it (check: ${check})`,
  };
}

/** Whether no live claude-mem process records this process, the wrapper above it, or a process below it. */
export function isUnrecordedByLive({ row }: Case, { index, others, trees }: JudgementContext): boolean {
  if (others.unread !== undefined) return false;
  const above = index.ancestorsOf(row).filter(isChromaWrapper);
  return [row, ...above, ...index.descendantsOf(row.pid)].every(
    ({ pid }) =>
      !others.claims.has(pid) &&
      !others.liveRecords.has(pid) &&
      trees.liveRoots.treesOf(pid).size === 0 &&
      trees.entriesOf(pid).every(({ entry, owner, tree, presence }) => {
        if (presence === 'gone' || entry.endedAt !== undefined) return true;
        return presence === 'alive' && (owner?.presence === 'gone' || tree.rootPresence === 'gone');
      }),
  );
}

/**
 * Whether the uv wrapper of a python is gone, although a client still holds the python's stdout. A client ends its server through the
 * wrapper, so it has lost this one. The session or a mark proves that claude-mem started it: a batch job may close stdin on purpose.
 */
function hasLostWrapper(subject: Case, { index, others }: JudgementContext): boolean {
  const { row, parent, isChromaWrapper: isWrapper } = subject;
  if (isWrapper || (parent !== undefined && !isZombie(parent) && isChromaWrapper(parent))) return false;
  if (subject.isMarkedHere) return true;
  const leader = index.livePid(row.sid)?.pid;
  return leader !== undefined && others.liveRecords.get(leader)?.isWorker === true;
}
