import { fail, pass, type Check } from '../check.ts';

export const portCheck: Check = {
  id: 'port',
  title: 'Port',
  why: 'the worker must be the one that listens on it',
  needs: ['settings', 'supervisor', 'process-table'],
  run: async ({ status, settings, tree, observation, place, signal }) => {
    const supervisor = await status();
    const { workerHost, workerPort } = settings();
    // A tree keeps the port it was started with, whatever is set by now.
    const port = supervisor?.port ?? workerPort;
    if (!(await tree.isPortOpen(workerHost, port, signal)))
      return supervisor?.port === port
        ? fail(`nobody listens on ${port}, although the tree runs`, place.commandLine('restart'))
        : pass(`${port} is free`);
    const holder = tree.findListener(port);
    const { judgements } = await observation();
    const isOurs = judgements.some(
      ({ row, verdict, treeId, role }) =>
        row.pid === holder?.pid && verdict === 'managed' && role === 'worker' && treeId === supervisor?.treeId,
    );
    if (isOurs) return pass(`${port} is held by our worker (pid ${holder?.pid ?? '?'})`);
    const who =
      holder === undefined
        ? 'a process that this user may not see'
        : `pid ${holder.pid} (${holder.command === '' ? holder.name : holder.command})`;
    if (holder === undefined && supervisor?.port === port) return pass(`${port} is held, while the tree runs on it`);
    return fail(
      `${port} is held by ${who}`,
      `${place.commandLine('start', '--port', String(port + 1))}  (or end that process yourself)`,
    );
  },
};
