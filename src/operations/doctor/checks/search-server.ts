import { fail, pass, skip, type Check } from '../check.ts';
import { messageOf } from '../../../shared/errors.ts';

export const searchServerCheck: Check = {
  id: 'search-server',
  title: 'Search server',
  why: 'MCP clients and the worker search through it',
  needs: ['supervisor', 'worker'],
  run: async ({ status, tree, place, signal }) => {
    const supervisor = await status();
    if (supervisor === undefined || supervisor.port === null) return skip('no worker runs');
    try {
      const { searchServer } = await tree.askReady(signal);
      const { state, pid, restarts } = searchServer;
      const times = restarts === 0 ? '' : `, restarted ${restarts} times`;
      if (state === 'answering') return pass(`pid ${pid ?? '?'} answers${times}`);
      return fail(`${state}${times}`, place.commandLine('logs', 'search'));
    } catch (error) {
      const reason = messageOf(error);
      return fail(`the worker does not say: ${reason}`, place.commandLine('restart'));
    }
  },
};
