import { fail, passIfComplete, type Check } from '../check.ts';
import { describeHeld } from './held.ts';

export const excessCheck: Check = {
  id: 'excess',
  title: 'Excess processes',
  why: 'their owner is alive but no longer uses them; they cost memory and can keep the vectors open',
  needs: ['data-dir', 'process-table', 'manifests'],
  run: async ({ observation, target }) => {
    const seen = await observation();
    const excess = seen.judgements.filter(({ verdict }) => verdict === 'excess');
    if (excess.length === 0) return passIfComplete(seen, 'none');
    return fail(describeHeld(excess, seen.reading.snapshot), target.commandLine('reap', '--include', 'excess'));
  },
};
