import { shortId } from '../../../core/wording.ts';
import { fail, pass, skip, type Check } from '../check.ts';

export const workerCheck: Check = {
  id: 'worker',
  title: 'Worker',
  why: 'sessions and searches go through it',
  needs: ['settings', 'supervisor'],
  run: async ({ status, settings, tree, place, signal }) => {
    const supervisor = await status();
    if (supervisor === undefined) return skip('claude-mem is not running');
    const { port } = supervisor;
    if (port === null) return fail(supervisor.problem ?? 'it does not listen yet', place.commandLine('logs', 'worker'));
    const { workerHost } = settings();
    try {
      const { treeId, pid } = await tree.askHealth(workerHost, port, signal);
      if (treeId === supervisor.treeId) return pass(`pid ${pid} answers on ${workerHost}:${port}`);
      return fail(`${workerHost}:${port} is answered by a worker of another tree (${shortId(treeId)}, pid ${pid})`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return fail(`does not answer on ${workerHost}:${port}: ${reason}`, place.commandLine('restart'));
    }
  },
};
