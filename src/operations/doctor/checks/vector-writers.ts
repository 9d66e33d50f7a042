import { vectorWriters } from '../../../core/tree/vector-writers.ts';
import { fail, passIfComplete, type Check } from '../check.ts';

export const vectorWritersCheck: Check = {
  id: 'vector-writers',
  title: 'One writer per Chroma directory',
  why: 'two writers do not see the changes of each other, and have crashed with SIGSEGV',
  needs: ['data-dir', 'process-table'],
  run: async ({ observation, target }) => {
    const seen = await observation();
    const { reading } = seen;
    const writers = vectorWriters(reading.snapshot, reading.dataDir);
    const shared = writers.filter(({ rows }) => rows.length > 1);
    if (shared.length === 0) return passIfComplete(seen, writers.length === 0 ? 'no Chroma is running' : 'one each');
    const each = shared.map(
      ({ directory, rows }) =>
        `${directory} is open in several processes: pid ${rows.map(({ pid }) => pid).join(', ')}`,
    );
    return fail(each.join('; '), `${target.commandLine('leaks', '--all')}  (shows the owner of each)`);
  },
};
