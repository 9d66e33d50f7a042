import { createServer } from 'node:net';
import type { ProcessRow } from '../core/process/snapshot.ts';
import { ClaudeMemError, errnoOf } from '../shared/errors.ts';

/** The process that listens on a port of this machine, if this user may see it. */
export type FindListener = (port: number) => Promise<ProcessRow | undefined>;

/**
 * Checks that a port is free. A port is not an identity: the error names its holder, and nothing is killed.
 * @throws ClaudeMemError `port-taken`.
 */
export async function assertPortFree(
  { port, host }: { readonly port: number; readonly host: string },
  findListener: FindListener,
): Promise<void> {
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
  if (errno === undefined) return;
  if (errno !== 'EADDRINUSE') {
    throw new ClaudeMemError('settings', `the worker cannot listen on ${host}:${port}: ${errno}`, {
      hint: 'Set CLAUDE_MEM_WORKER_HOST and CLAUDE_MEM_WORKER_PORT to a loopback address and a port above 1023.',
    });
  }
  const holder = await findListener(port);
  const who =
    holder === undefined
      ? 'another process'
      : `pid ${holder.pid} (${holder.command === '' ? holder.name : holder.command})`;
  throw new ClaudeMemError('port-taken', `port ${port} is taken by ${who}`, {
    hint: 'End that process, or use another port: claude-mem start --port N',
  });
}
