import { compareIdentity, TICKS_PER_SECOND, type Identity } from '../process/identity.ts';
import type { ProcessIndex } from '../process/process-index.ts';
import type { ProcessRow, ProcessSnapshot } from '../process/snapshot.ts';
import type { RegistryRecord } from '../tree/other-installations.ts';
import type { JudgementContext } from './judgement-context.ts';

/** Evidence that a recorded worker, now gone, led this session (or this process group, if sessions are unknown). */
export function goneWorkerThatLed(row: ProcessRow, context: JudgementContext): string | undefined {
  const worker = goneLeader(row, context);
  if (worker === undefined) return undefined;
  const led = row.sid === undefined ? 'process group' : 'session';
  return `its ${led} was led by worker pid ${worker.identity.pid}, which ${worker.file} records and which is gone`;
}

/** The recorded worker that led this session or process group and is gone. */
export function goneLeader(row: ProcessRow, context: JudgementContext): RegistryRecord | undefined {
  const leader = row.sid ?? row.pgid;
  const worker = leader === undefined || leader === row.pid ? undefined : context.others.goneWorkers.get(leader);
  return worker !== undefined && mayHaveLed(worker.identity, row, context.index) ? worker : undefined;
}

/**
 * The kernel does not reuse a pid that is still the id of a session or group. So a process that now has the pid of a gone worker leads
 * that session itself. A process enters a session only by birth, so a worker that led it is older.
 */
function mayHaveLed(worker: Identity, row: ProcessRow, { byPid, snapshot }: ProcessIndex): boolean {
  const present = byPid.get(worker.pid);
  if (present !== undefined && compareIdentity(worker, present, snapshot) !== 'same') return false;
  const isOlder = (row.startTicks ?? Infinity) < (worker.startTicks ?? 0);
  return !isOlder && !isOfEarlierBoot(worker, snapshot);
}

/** A worker recorded before this boot did not lead a session of this boot. */
function isOfEarlierBoot({ startedAt }: Identity, { nowTicks, takenAt }: ProcessSnapshot): boolean {
  if (nowTicks === undefined || startedAt === undefined) return false;
  return Date.parse(startedAt) < Date.parse(takenAt) - (nowTicks * 1000) / TICKS_PER_SECOND;
}
