import { isPluginScript } from '../../../core/process/role-program.ts';
import type { ProcessRow } from '../../../core/process/snapshot.ts';
import type { PortProblem } from '../../ports/port-use.ts';
import type { TreeStatus } from '../../tree/tree-lifecycle.ts';
import { fail, pass, type Check, type Finding, type Look } from '../check.ts';

export const portCheck: Check = {
  id: 'port',
  title: 'Port',
  why: 'only the worker may listen on it',
  needs: ['settings', 'supervisor', 'process-table'],
  run: async (look) => {
    const supervisor = await look.status();
    const { workerHost: host, workerPort } = look.settings();
    // A running tree keeps the port it was started with, even if the setting has changed.
    if (supervisor?.port != null) return portOfTree(look, { ...supervisor, port: supervisor.port });
    const problem = await look.tree.findPortProblem({ host, port: workerPort });
    if (problem === undefined) return pass(`${workerPort} is free`);
    const holder = problem.use?.process;
    return (await isOurs(look, holder, supervisor)) ? usedByUs(workerPort, holder) : failWith(problem, look);
  },
};

/** Tries to listen only while another process does, because the worker may be about to. */
async function portOfTree(look: Look, supervisor: TreeStatus & { readonly port: number }): Promise<Finding> {
  const { tree, signal, target } = look;
  const { port } = supervisor;
  if (!(await tree.isPortOpen(look.settings().workerHost, port, signal)))
    return fail(`the tree is running, but no process listens on ${port}`, target.commandLine('restart'));
  const holder = tree.findListener(port);
  if (holder === undefined) return pass(`${port} is in use, and the running tree reports it as its own`);
  if (await isOurs(look, holder, supervisor)) return usedByUs(port, holder);
  const problem = await tree.findPortProblem({ host: look.settings().workerHost, port });
  return problem === undefined ? pass(`${port} is free`) : failWith(problem, look);
}

async function isOurs(
  { observation }: Look,
  holder: ProcessRow | undefined,
  supervisor: TreeStatus | undefined,
): Promise<boolean> {
  if (holder === undefined) return false;
  const { judgements } = await observation();
  return judgements.some(
    ({ row, verdict, treeId, role }) =>
      row.pid === holder.pid && verdict === 'managed' && role === 'worker' && treeId === supervisor?.treeId,
  );
}

function usedByUs(port: number, holder: ProcessRow | undefined): Finding {
  return pass(`${port} is used by the claude-mem worker (pid ${holder?.pid ?? '?'})`);
}

function failWith({ detail, explanation, freePort, use }: PortProblem, { target }: Look): Finding {
  const why = explanation === undefined ? '' : `. ${explanation}`;
  const start = target.commandLine('start', '--port', String(freePort ?? 'N'));
  const canEnd = use?.kind === 'listens' && (use.process === undefined || !isPluginScript(use.process));
  return fail(`${detail}${why}`, `${start}${canEnd ? '  (or end that process)' : ''}`);
}
