import { exceededBounds } from '../../../core/process-bounds.ts';
import { shortId } from '../../../core/wording.ts';
import { fail, pass, type Check } from '../check.ts';

export const processCountsCheck: Check = {
  id: 'process-counts',
  title: 'Process counts',
  why: 'a tree has one of each role; more means that something starts them over and over',
  needs: ['data-dir', 'process-table', 'manifests'],
  run: async ({ observation, place }) => {
    const { judgements } = await observation();
    const exceeded = exceededBounds(judgements);
    if (exceeded.length > 0) {
      const each = exceeded.map(
        ({ treeId, role, pids, most }) =>
          `tree ${shortId(treeId)} has ${pids.length} ${role} processes, at most ${most} belong there (pid ${pids.join(', ')})`,
      );
      return fail(each.join('; '), place.commandLine('restart'));
    }
    return pass(`${judgements.filter(({ verdict }) => verdict === 'managed').length} managed, within bounds`);
  },
};
