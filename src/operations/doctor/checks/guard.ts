import { count } from '../../../core/text/wording.ts';
import { formatInterval } from '../../../core/guard/interval.ts';
import type { GuardStatus } from '../../guard/guard-status.ts';
import { couldNotLook, pass, skip, warn, type Check } from '../check.ts';

export const guardCheck: Check = {
  id: 'guard',
  title: 'Guard that ends leaks at intervals',
  why: 'an installed guard that does not run gives a false sense of safety',
  needs: ['data-dir'],
  // A service manager that does not answer is given up after 15 s.
  limitMs: 20_000,
  run: async ({ others, target }) => {
    const guard = await others.guard();
    const { state, scheduler, everySeconds, endedTotal, problems, fix } = guard;
    if (state === 'not-installed') {
      return skip(`not installed; ${target.commandLine('guard', 'install')} ends leaks every 10 minutes`);
    }
    if (state === 'broken')
      return warn(
        problems.join('; '),
        fix?.startsWith('claude-mem ') === true ? target.commandLine(...fix.split(' ').slice(1)) : (fix ?? undefined),
      );
    if (!guard.isConfirmed && !hasRun(guard)) {
      const why = guard.remark === null ? '' : ` (${guard.remark})`;
      return couldNotLook(
        `${scheduler ?? 'the scheduler'} does not say whether it runs the guard${why}, and no run is recorded`,
      );
    }
    const every = formatInterval(everySeconds ?? 0);
    return pass(`${scheduler ?? ''}, every ${every}; ${count(endedTotal, 'process', 'processes')} ended so far`);
  },
};

/** A recorded run proves that the scheduler runs the guard, also where it does not answer, as without a login session. */
function hasRun({ lastRun, installedAt }: GuardStatus): boolean {
  return lastRun !== null && lastRun.startedAt >= (installedAt ?? '');
}
