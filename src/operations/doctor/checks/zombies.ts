import type { Judgement } from '../../../core/verdicts/verdict.ts';
import { count } from '../../../core/text/wording.ts';
import { pass, warn, type Check, type Look } from '../check.ts';

/** Some machines' pid 1 waits for the dead every two seconds only; what is one for longer is one for good, in milliseconds. */
const PATIENCE_MS = 2_500;

export const zombiesCheck: Check = {
  id: 'zombies',
  title: 'Zombies',
  why: 'they hold a pid until their parent waits for them; no signal removes them',
  needs: ['data-dir', 'process-table', 'manifests'],
  run: async (look) => {
    const { judgements, index } = await look.observation();
    const zombies = judgements.filter(({ verdict }) => verdict === 'zombie');
    const lasting = zombies.some(({ row }) => row.ppid === 1) ? await stillThere(zombies, look) : zombies;
    const [first] = lasting;
    if (first === undefined) return pass('none of ours');
    const parent = index.byPid.get(first.row.ppid);
    const who = `pid ${first.row.ppid}${parent === undefined ? '' : ` (${parent.name})`}`;
    const pids = lasting.map(({ row }) => row.pid).join(', ');
    return warn(
      `${count(lasting.length, 'zombie')} of ours (pid ${pids}); ${who} has not waited for it`,
      first.row.ppid === 1
        ? 'Give the container an init (docker run --init)'
        : `Restart the parent, ${who}: with its end they are gone`,
    );
  },
};

/** The one case in which a second reading is worth its time. */
async function stillThere(
  zombies: readonly Judgement[],
  { machine, tree, signal }: Look,
): Promise<readonly Judgement[]> {
  await machine.sleep(PATIENCE_MS, signal);
  const again = (await tree.observe()).judgements.filter(({ verdict }) => verdict === 'zombie');
  return zombies.filter(({ row }) =>
    again.some(({ row: other }) => other.pid === row.pid && other.startTicks === row.startTicks),
  );
}
