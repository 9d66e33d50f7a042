import { isChromaRole } from '../tree/manifest.ts';
import type { RegistryRecord } from '../tree/other-installations.ts';
import type { RecordedEntry } from '../tree/recorded-trees.ts';
import type { Identity } from '../process/identity.ts';
import { goneLeader } from './gone-worker.ts';
import type { Case, JudgementContext } from './judgement-context.ts';
import { workerAbove } from './unrecorded-child.ts';
import { isFindingVerdict, type Owner } from './verdict.ts';

/**
 * The process that started a leaked or unverified one: by its wrapper, its owner mark, its record, or the published plugin's worker that
 * leads or led its session. A wrapper does not count as the owner of its python: the question is who started both.
 */
export function findOwner(subject: Case, context: JudgementContext): Owner | undefined {
  const parent = subject.parentJudgement;
  if (parent?.sharesWithChildren === true && isFindingVerdict(parent.verdict)) return parent.leftBy;
  return markedOwner(subject, context) ?? recordedOwner(subject, context) ?? pluginWorker(subject, context);
}

function markedOwner(subject: Case, context: JudgementContext): Owner | undefined {
  const { owner, row, ownerPresence: presence } = subject;
  if (owner === undefined || !subject.isMarkedHere) return undefined;
  const record = context.trees
    .entriesOf(owner.pid)
    .find(({ tree, identity }) => tree.manifest.treeId === row.treeMark && identity.startTicks === owner.startTicks);
  return { identity: owner, treeId: row.treeMark ?? null, presence, ...factsOf(record) };
}

function recordedOwner({ recorded }: Case, context: JudgementContext): Owner | undefined {
  const record = recorded.find(({ isRoot, owner }) => !isRoot && owner !== undefined);
  let owner = record?.owner;
  if (record === undefined || owner === undefined) return undefined;
  const { tree } = record;
  const entryOf = ({ pid, startTicks }: Identity) =>
    context.trees.entriesOf(pid).find((entry) => entry.tree === tree && entry.identity.startTicks === startTicks);
  const entry = entryOf(owner.identity);
  const isWrapper = isChromaRole(entry?.entry.role) && entry?.owner !== undefined;
  owner = isWrapper ? entry.owner : owner;
  return { ...owner, treeId: tree.manifest.treeId, ...factsOf(entryOf(owner.identity)) };
}

function factsOf(record: RecordedEntry | undefined): Pick<Owner, 'role' | 'goneSince'> {
  const { role = null, endedAt = null } = record?.entry ?? {};
  return { role, goneSince: record?.presence === 'gone' ? endedAt : null };
}

function pluginWorker({ row, isChroma }: Case, context: JudgementContext): Owner | undefined {
  const { index, others } = context;
  const gone = others.observers.get(row.pid) ?? goneLeader(row, context);
  if (gone !== undefined) return workerOf(gone.identity, 'gone');
  const leader = row.sid === row.pid ? undefined : index.livePid(row.sid);
  const isWorker = leader !== undefined && others.liveRecords.get(leader.pid)?.isWorker === true;
  const live = isWorker ? leader : isChroma ? workerAbove(row, context) : undefined;
  return live && workerOf(live, 'alive');
}

function workerOf({ pid, startTicks, startedAt }: RegistryRecord['identity'], presence: Owner['presence']): Owner {
  const identity = {
    pid,
    ...(startTicks === undefined ? {} : { startTicks }),
    ...(startedAt === undefined ? {} : { startedAt }),
  };
  return { identity, role: 'worker', treeId: null, presence, goneSince: null };
}
