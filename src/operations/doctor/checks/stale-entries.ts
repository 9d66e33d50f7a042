import { shortId } from '../../../core/text/wording.ts';
import { count } from '../../../core/text/wording.ts';
import { pass, warn, type Check } from '../check.ts';

export const staleEntriesCheck: Check = {
  id: 'stale-entries',
  title: 'Stale entries',
  why: 'an entry whose process is gone is the sign of a tree that crashed',
  needs: ['data-dir', 'process-table', 'manifests'],
  run: async ({ observation, target }) => {
    const { staleEntries } = await observation();
    const [first] = staleEntries;
    if (first === undefined) return pass('none');
    const example = `${first.role} pid ${first.pid} of tree ${shortId(first.treeId)}: ${first.reason}`;
    const entries = count(staleEntries.length, 'stale entry', 'stale entries');
    return warn(`${entries} (${example})`, target.commandLine('doctor', '--fix'));
  },
};
