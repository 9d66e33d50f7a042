import { shortId } from '../../../core/text/wording.ts';
import { fail, pass, skip, type Check } from '../check.ts';
import { messageOf } from '../../../shared/errors.ts';

export const workerCheck: Check = {
  id: 'worker',
  title: 'Worker',
  why: 'it stores sessions and answers searches',
  needs: ['supervisor'],
  run: async ({ status, tree, target, signal }) => {
    const supervisor = await status();
    if (supervisor === undefined) return skip('claude-mem is not running');
    const { port } = supervisor;
    if (port === null) return fail(supervisor.problem ?? 'not listening yet', target.commandLine('logs', 'worker'));
    try {
      const { treeId, pid } = await tree.askHealth(signal);
      if (treeId === supervisor.treeId) return pass(`pid ${pid} answers; its port is ${port}`);
      return fail(`a worker of another tree answers (${shortId(treeId)}, pid ${pid})`, target.commandLine('restart'));
    } catch (error) {
      const reason = messageOf(error);
      return fail(`does not answer: ${reason}`, target.commandLine('restart'));
    }
  },
};
