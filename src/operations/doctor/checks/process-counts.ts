import { countBreaches } from '../../../core/health/health-bounds.ts';
import type { Role } from '../../../core/tree/manifest.ts';
import type { Judgement } from '../../../core/verdicts/verdict.ts';
import { shortId } from '../../../core/text/wording.ts';
import { fail, pass, skip, type Check } from '../check.ts';

export const processCountsCheck: Check = {
  id: 'process-counts',
  title: 'Process counts',
  why: 'a tree has one process per role (Chroma: two); more of them means a restart loop',
  needs: ['process-table', 'manifests', 'supervisor'],
  run: async ({ observation, status, target }) => {
    const supervisor = await status();
    if (supervisor === undefined) return skip('claude-mem is not running');
    // A tree that is starting or has given up has no worker; the check `supervisor` reports that.
    if (supervisor.state !== 'running') return skip(`the tree is ${supervisor.state}`);
    const { judgements } = await observation();
    const members = judgements.filter(({ verdict, treeId }) => verdict === 'managed' && treeId === supervisor.treeId);
    const breaches = countBreaches(countRoles(members));
    if (breaches.length === 0) return pass(`${members.length} processes in the tree, within bounds`);
    const each = breaches.map(({ message }) => message).join('; ');
    return fail(`tree ${shortId(supervisor.treeId)}: ${each}`, target.commandLine('restart'));
  },
};

function countRoles(members: readonly Judgement[]): Readonly<Partial<Record<Role, number>>> {
  const counts: Partial<Record<Role, number>> = {};
  for (const { role } of members) if (role !== null) counts[role] = (counts[role] ?? 0) + 1;
  return counts;
}
