import { vectorWriters } from '../../../core/tree/vector-writers.ts';
import { describePids } from '../../leaks/describe-groups.ts';
import { reapArguments } from '../../leaks/leak-remarks.ts';
import { fail, passIfComplete, warn, type Check } from '../check.ts';
import { sharedWriters, type SharedWriters } from '../shared-writers.ts';

export const vectorWritersCheck: Check = {
  id: 'vector-writers',
  title: 'One writer per Chroma directory',
  why: 'two writers do not see the changes of each other, and have crashed with SIGSEGV',
  needs: ['data-dir', 'process-table'],
  run: async ({ observation, target }) => {
    const seen = await observation();
    const shared = sharedWriters(seen);
    if (shared.length === 0) {
      const { snapshot, dataDir } = seen.reading;
      return passIfComplete(seen, vectorWriters(snapshot, dataDir).length === 0 ? 'no Chroma is running' : 'one each');
    }
    const detail = shared.map(describeShared).join('; ');
    const leaked = shared.flatMap((each) => each.leaked);
    if (leaked.length > 0) return fail(detail, target.commandLine(...reapArguments(leaked, undefined), '--dry-run'));
    if (shared.some(({ unverified }) => unverified.length > 0)) return fail(detail, target.commandLine('leaks'));
    return warn(detail, `${target.commandLine('leaks', '--all')}  (shows the owner of each)`);
  },
};

/** `/d/chroma is open in 3 processes (leaked: pid 4711, 4712; in use: pid 4700)`. */
function describeShared({ directory, leaked, unverified, live }: SharedWriters): string {
  const parts = [
    ['leaked', leaked],
    ['unverified', unverified],
    ['in use', live],
  ] as const;
  const found = parts.filter(([, judgements]) => judgements.length > 0);
  const who = found.map(([what, judgements]) => `${what}: ${describePids(judgements)}`).join('; ');
  return `${directory} is open in ${leaked.length + unverified.length + live.length} processes (${who})`;
}
