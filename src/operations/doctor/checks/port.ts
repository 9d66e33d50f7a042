import { isPluginScript } from '../../../core/process/role-program.ts';
import { fail, pass, type Check } from '../check.ts';

export const portCheck: Check = {
  id: 'port',
  title: 'Port',
  why: 'only the worker may listen on it',
  needs: ['settings', 'supervisor', 'process-table'],
  run: async ({ status, settings, tree, observation, target, signal }) => {
    const supervisor = await status();
    const { workerHost, workerPort } = settings();
    // A running tree keeps the port it was started with, even if the setting has changed.
    const port = supervisor?.port ?? workerPort;
    if (!(await tree.isPortOpen(workerHost, port, signal)))
      return supervisor?.port === port
        ? fail(`the tree is running, but no process listens on ${port}`, target.commandLine('restart'))
        : pass(`${port} is free`);
    const holder = tree.findListener(port);
    const { judgements } = await observation();
    const isOurs = judgements.some(
      ({ row, verdict, treeId, role }) =>
        row.pid === holder?.pid && verdict === 'managed' && role === 'worker' && treeId === supervisor?.treeId,
    );
    if (isOurs) return pass(`${port} is used by the claude-mem worker (pid ${holder?.pid ?? '?'})`);
    const isPlugin = holder !== undefined && isPluginScript(holder);
    const who =
      holder === undefined
        ? 'a process that this user cannot see'
        : `${isPlugin ? 'the worker of the published plugin, ' : ''}pid ${holder.pid} (${holder.command === '' ? holder.name : holder.command})`;
    if (holder === undefined && supervisor?.port === port)
      return pass(`${port} is in use, and the running tree reports it as its own`);
    return fail(
      `${port} is used by ${who}`,
      `${target.commandLine('start', '--port', String(port + 1))}${isPlugin ? '' : '  (or end that process)'}`,
    );
  },
};
