import { fail, passIfComplete, warn, type Check } from '../check.ts';
import { describeHeld } from './held.ts';

export const orphansCheck: Check = {
  id: 'orphans',
  title: 'Orphans',
  why: 'no process is left to end them, and every restart can add more',
  needs: ['data-dir', 'process-table', 'manifests'],
  run: async ({ observation, target }) => {
    const seen = await observation();
    const { judgements } = seen;
    const orphans = judgements.filter(({ verdict }) => verdict === 'orphan');
    const unverified = judgements.filter(({ verdict }) => verdict === 'unverified');
    if (orphans.length > 0) return fail(describeHeld(orphans, seen.reading.snapshot), target.commandLine('reap'));
    if (unverified.length > 0)
      return warn(
        `no proven orphan, but unverified: ${describeHeld(unverified, seen.reading.snapshot)}`,
        target.commandLine('leaks'),
      );
    return passIfComplete(seen, 'none');
  },
};
