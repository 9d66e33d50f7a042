import { count } from '../../../shared/amounts.ts';
import { pass, warn, type Check } from '../check.ts';

export const zombiesCheck: Check = {
  id: 'zombies',
  title: 'Zombies',
  why: 'they hold a pid until their parent waits for them; no signal removes them',
  needs: ['data-dir', 'process-table', 'manifests'],
  run: async ({ observation }) => {
    const { judgements, index } = await observation();
    const zombies = judgements.filter(({ verdict }) => verdict === 'zombie');
    const [first] = zombies;
    if (first === undefined) return pass('none of ours');
    const parent = index.byPid.get(first.row.ppid);
    const who = `pid ${first.row.ppid}${parent === undefined ? '' : ` (${parent.name})`}`;
    const pids = zombies.map(({ row }) => row.pid).join(', ');
    return warn(
      `${count(zombies.length, 'zombie')} of ours (pid ${pids}); ${who} has not waited for it`,
      `Restart the parent ${who}: with its end they are gone`,
    );
  },
};
