import { isZombie, namespaceDigits } from '../process/identity.ts';
import type { ProcessIndex } from '../process/process-index.ts';
import type { Judgement } from './verdict.ts';

export interface ReapRequest {
  /** End excess processes too. Orphans are always included. */
  readonly includeExcess: boolean;
  /** End orphaned observers too. Other orphans are always included. */
  readonly includeObservers?: boolean;
  /** Spare younger processes. Seconds. */
  readonly olderThanSeconds?: number;
  /** Consider these pids only. */
  readonly pids?: ReadonlySet<number>;
}

export interface Skipped {
  readonly pid: number;
  readonly reason: string;
}

/** The processes that a reap ends and those that it skips. `--dry-run` prints this value. */
export interface ReapPlan {
  readonly plan: readonly Judgement[];
  readonly skipped: readonly Skipped[];
}

/** Picks the leaks to end. Never picks this command, its ancestors, pid 1 or a kernel thread, even if their verdicts are wrong. */
export function planReap(judgements: readonly Judgement[], index: ProcessIndex, request: ReapRequest): ReapPlan {
  const protection = new Protection(index, request);
  const plan: Judgement[] = [];
  const skipped: Skipped[] = [];
  for (const judgement of judgements) {
    const { pid } = judgement.row;
    if (request.pids !== undefined && !request.pids.has(pid)) continue;
    const reason = protection.reasonToSpare(judgement) ?? reasonToSkip(judgement, request);
    if (reason === undefined) plan.push(judgement);
    else if (reason !== '') skipped.push({ pid, reason });
  }
  const judged = new Set(judgements.map(({ row }) => row.pid));
  const unknown = [...(request.pids ?? [])].filter((pid) => !judged.has(pid));
  return { plan, skipped: [...skipped, ...unknown.map((pid) => ({ pid, reason: whyUnjudged(pid, index) }))] };
}

/** Empty: skipped without a line, because the user does not expect this process to be ended. */
function reasonToSkip(judgement: Judgement, request: ReapRequest): string | undefined {
  const { verdict, role } = judgement;
  const isNamed = request.pids !== undefined;
  if (role === 'observer' && verdict === 'orphan' && request.includeObservers !== true)
    return 'observer: ended only with --include observers';
  if (verdict === 'orphan' || (verdict === 'excess' && request.includeExcess)) {
    const minimum = request.olderThanSeconds;
    if (minimum === undefined || judgement.ageSeconds >= minimum) return undefined;
    return `${verdict}, but only ${Math.floor(judgement.ageSeconds)} s old`;
  }
  if (verdict === 'excess') return 'excess: ended only with --include excess';
  if (verdict === 'unverified') return `unverified: ${judgement.evidence.at(-1)?.detail ?? 'ownership is not proven'}`;
  return isNamed ? `${verdict}: ${judgement.evidence[0]?.detail ?? ''}` : '';
}

function whyUnjudged(pid: number, index: ProcessIndex): string {
  if (pid === index.snapshot.self.pid) return 'this command itself';
  return index.byPid.has(pid) ? 'not a claude-mem process' : 'no such process';
}

/** Rejects processes that must never be ended, independently of their verdicts. */
class Protection {
  readonly #index: ProcessIndex;
  readonly #request: ReapRequest;
  readonly #above: ReadonlySet<number>;

  constructor(index: ProcessIndex, request: ReapRequest) {
    this.#index = index;
    this.#request = request;
    this.#above = index.pidsAbove(index.snapshot.self.pid);
  }

  reasonToSpare({ row, verdict }: Judgement): string | undefined {
    if (verdict !== 'orphan' && verdict !== 'excess') return undefined;
    const { self, pidNamespace } = this.#index.snapshot;
    if (!this.#index.byPid.has(self.pid))
      return 'this command is missing from the process table, so its ancestors are unknown';
    if (row.pid === self.pid) return 'this command itself';
    if (this.#above.has(row.pid)) return 'an ancestor of this command';
    if (row.pid <= 1) return 'the init process';
    if (row.pid === 2 || row.ppid === 2) return 'a kernel thread';
    if (isZombie(row)) return 'a zombie: it has exited, and only its parent can remove it';
    if (row.commandCut === true) return 'its command line is longer than what was read';
    const namespace = namespaceDigits(row.pidNamespace);
    if (namespace !== undefined && namespace !== namespaceDigits(pidNamespace)) return 'runs in another pid namespace';
    return this.#isOtherUsers(row.uid, row.pid) ? 'belongs to another user' : undefined;
  }

  #isOtherUsers(uid: number | undefined, pid: number): boolean {
    const self = this.#index.snapshot.self.uid;
    if (uid === self) return false;
    return !(self === 0 && this.#request.pids?.has(pid) === true);
  }
}
