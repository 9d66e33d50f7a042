import { createServer } from 'node:net';
import { isPluginScript } from '../core/process/role-program.ts';
import type { ProcessRow } from '../core/process/snapshot.ts';
import { ClaudeMemError, errnoOf } from '../shared/errors.ts';

/** The process that listens on a port of this machine, if this user may see it. */
export type FindListener = (port: number) => Promise<ProcessRow | undefined>;

export interface Address {
  readonly port: number;
  readonly host: string;
}

const HIGHEST_PORT = 65_535;
/** How many ports after the taken one are tried. */
const PORTS_TRIED = 20;

/**
 * Checks that a port is free. A port is not an identity: the error names its holder and offers a free port, and no process is ended.
 * @throws ClaudeMemError `port-taken`.
 */
export async function assertPortFree(address: Address, findListener: FindListener): Promise<void> {
  const { port, host } = address;
  const errno = await tryToListen(address);
  if (errno === undefined) return;
  if (errno !== 'EADDRINUSE') {
    throw new ClaudeMemError('settings', `the worker cannot listen on ${host}:${port}: ${errno}`, {
      hint: 'Set CLAUDE_MEM_WORKER_HOST and CLAUDE_MEM_WORKER_PORT to a loopback address and a port above 1023.',
    });
  }
  const who = describeHolder(await findListener(port));
  const free = await findFreePort(address);
  throw new ClaudeMemError('port-taken', `port ${port} is taken by ${who}`, {
    hint: `Use another port: claude-mem start --port ${free ?? 'N'}`,
  });
}

/** Names the process that listens on a port, for people. */
function describeHolder(holder: ProcessRow | undefined): string {
  if (holder === undefined) return 'another process';
  const which = `pid ${holder.pid} (${holder.command === '' ? holder.name : holder.command})`;
  return isPluginScript(holder)
    ? `the worker of the published claude-mem plugin, ${which}; both can run at the same time on different ports`
    : which;
}

async function findFreePort({ port, host }: Address): Promise<number | undefined> {
  for (let next = port + 1; next <= Math.min(port + PORTS_TRIED, HIGHEST_PORT); next += 1)
    if ((await tryToListen({ port: next, host })) === undefined) return next;
  return undefined;
}

/** Listens for a moment. The result is the errno, or undefined if it worked. */
async function tryToListen({ port, host }: Address): Promise<string | undefined> {
  const server = createServer();
  const errno = await new Promise<string | undefined>((resolve) => {
    server.once('error', (error) => {
      resolve(errnoOf(error));
    });
    server.listen({ port, host, exclusive: true }, () => {
      resolve(undefined);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return errno;
}
