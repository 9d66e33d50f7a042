import { count } from '../../../core/text/wording.ts';
import { formatInterval } from '../../../core/guard/interval.ts';
import { pass, skip, warn, type Check } from '../check.ts';

export const guardCheck: Check = {
  id: 'guard',
  title: 'Guard that ends leaks at intervals',
  why: 'an installed guard that does not run gives a false sense of safety',
  needs: ['data-dir'],
  // A service manager that does not answer is given up after 15 s.
  limitMs: 20_000,
  run: async ({ others, target }) => {
    const { state, scheduler, everySeconds, endedTotal, problems, fix } = await others.guard();
    if (state === 'not-installed') {
      return skip(`not installed; ${target.commandLine('guard', 'install')} ends leaks every 10 minutes`);
    }
    if (state === 'broken')
      return warn(
        problems.join('; '),
        fix?.startsWith('claude-mem ') === true ? target.commandLine(...fix.split(' ').slice(1)) : (fix ?? undefined),
      );
    const every = formatInterval(everySeconds ?? 0);
    return pass(`${scheduler ?? ''}, every ${every}; ${count(endedTotal, 'process', 'processes')} ended so far`);
  },
};
