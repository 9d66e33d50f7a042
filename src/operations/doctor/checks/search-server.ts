import { fail, pass, skip, type Check } from '../check.ts';
import { messageOf } from '../../../shared/errors.ts';

export const searchServerCheck: Check = {
  id: 'search-server',
  title: 'Search server',
  why: 'the worker and MCP clients send their searches to it',
  needs: ['supervisor', 'worker'],
  run: async ({ status, tree, target, signal }) => {
    const supervisor = await status();
    if (supervisor === undefined || supervisor.port === null) return skip('no worker is running');
    try {
      const { searchServer } = await tree.askReady(signal);
      const { state, pid, restarts } = searchServer;
      const times = restarts === 0 ? '' : `, restarted ${restarts} times`;
      if (state === 'answering') return pass(`pid ${pid ?? '?'} answers${times}`);
      return fail(`${state}${times}`, target.commandLine('logs', 'search'));
    } catch (error) {
      const reason = messageOf(error);
      return fail(`the worker did not report its state: ${reason}`, target.commandLine('restart'));
    }
  },
};
