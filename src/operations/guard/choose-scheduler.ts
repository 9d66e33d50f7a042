import type { GuardEntry, SchedulerKind } from '../../core/guard/entry.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import type { Scheduler } from '../ports/guard.ts';

/**
 * The first scheduler that this system has and runs, or the one that the user named.
 * @param byHand the command for a scheduler that claude-mem does not know.
 * @throws ClaudeMemError `usage` if the named one is of another system, or cannot store the entry; `io` if none can be used.
 */
export async function chooseScheduler(
  schedulers: readonly Scheduler[],
  entry: GuardEntry,
  { forced, byHand }: { readonly forced: SchedulerKind | undefined; readonly byHand: string },
): Promise<Scheduler> {
  const candidates = forced === undefined ? schedulers : schedulers.filter(({ kind }) => kind === forced);
  if (candidates.length === 0) {
    const names = schedulers.map(({ kind }) => kind).join(' or ');
    throw new ClaudeMemError('usage', `this system has no ${forced ?? 'scheduler'}`, {
      hint: `Use --scheduler ${names}, or leave it out.`,
    });
  }
  const reasons: string[] = [];
  for (const scheduler of candidates) {
    const reason = await scheduler.whyUnusable(forced !== undefined);
    if (reason === undefined) return accepted(scheduler, entry);
    reasons.push(`${scheduler.kind}: ${reason}`);
  }
  throw new ClaudeMemError('io', `no scheduler can run the guard (${reasons.join('; ')})`, {
    hint: `Let any scheduler run this command: ${byHand}`,
  });
}

function accepted(scheduler: Scheduler, entry: GuardEntry): Scheduler {
  const refusal = scheduler.whyRefused(entry);
  if (refusal === undefined) return scheduler;
  throw new ClaudeMemError('usage', `${scheduler.kind} cannot run this guard: ${refusal}`, {
    hint: 'Use another --every, --scheduler or --data-dir.',
  });
}
