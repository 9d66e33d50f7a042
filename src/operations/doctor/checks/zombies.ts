import type { Judgement } from '../../../core/verdicts/verdict.ts';
import { count } from '../../../core/text/wording.ts';
import { pass, warn, type Check, type Look } from '../check.ts';

/** Some init processes collect zombies only every two seconds; an older zombie stays. Milliseconds. */
const PATIENCE_MS = 2_500;

export const zombiesCheck: Check = {
  id: 'zombies',
  title: 'Zombies',
  why: 'a zombie occupies a pid until its parent waits for it; no signal removes it',
  needs: ['data-dir', 'process-table', 'manifests'],
  run: async (look) => {
    const { judgements, index } = await look.observation();
    const zombies = judgements.filter(({ verdict }) => verdict === 'zombie');
    const lasting = zombies.some(({ row }) => row.ppid === 1) ? await stillThere(zombies, look) : zombies;
    const [first] = lasting;
    if (first === undefined) return pass('none');
    const parent = index.byPid.get(first.row.ppid);
    const who = `pid ${first.row.ppid}${parent === undefined ? '' : ` (${parent.name})`}`;
    const pids = lasting.map(({ row }) => row.pid).join(', ');
    return warn(
      `${count(lasting.length, 'claude-mem zombie')} (pid ${pids}); the parent ${who} has not waited for ${lasting.length === 1 ? 'it' : 'them'}`,
      first.row.ppid === 1 ? 'Give the container an init (docker run --init)' : `Restart the parent, ${who}`,
    );
  },
};

/** Pid 1 may only be slow, so a second reading decides. */
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
