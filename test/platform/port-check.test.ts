import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import type { PortUse } from '../../src/operations/ports/port-use.ts';
import { assertPortFree, findPortProblem, type PortKnowledge } from '../../src/platform/port-check.ts';
import { loadPlatform } from '../../src/platform/index.ts';
import type { ClaudeMemError } from '../../src/shared/errors.ts';
import { eventually } from '../helpers/eventually.ts';

const host = '127.0.0.1';
const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function takePort(port = 0): Promise<number> {
  const server = createServer();
  servers.push(server);
  server.listen({ port, host, exclusive: true });
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function refusal(port: number, holder?: Partial<ProcessRow>): Promise<ClaudeMemError | undefined> {
  const listener = holder && { pid: 4118, ppid: 1, startedAt: '', name: 'nginx', command: 'nginx', ...holder };
  const use: PortUse | undefined = listener && { kind: 'listens', process: listener };
  return refusalWith({ findPortUse: () => use, outgoingPorts: () => undefined }, port);
}

async function refusalWith(knowledge: PortKnowledge, port: number): Promise<ClaudeMemError | undefined> {
  return assertPortFree({ port, host }, knowledge, (...words) => ['claude-mem', ...words].join(' ')).then(
    () => undefined,
    (error: unknown) => error as ClaudeMemError,
  );
}

const PLUGIN = { name: 'bun', command: 'bun /home/u/.claude/plugins/scripts/worker-service.cjs --daemon' };

test('a free port is accepted', async () => {
  const port = await takePort();
  await new Promise((resolve) => servers.pop()?.close(resolve));
  expect(await refusal(port)).toBeUndefined();
});

test('a taken port is refused with its holder and the next free port', async () => {
  const port = await takePort();
  const error = await refusal(port, {});
  expect(error).toMatchObject({ code: 'port-taken', message: `port ${port} is taken by pid 4118 (nginx)` });
  const offered = Number(/--port (\d+)$/.exec(error?.hint ?? '')?.[1]);
  expect(offered).toBeGreaterThan(port);
  expect(await refusal(offered)).toBeUndefined();
});

test('a port of the published plugin is named as such, without the advice to end its worker', async () => {
  const error = await refusal(await takePort(), PLUGIN);
  expect(error?.message).toContain('the worker of the published claude-mem plugin, pid 4118');
  expect(error?.hint).toMatch(/^Use another port: claude-mem start --port \d+$/);
});

test('a holder that this user cannot see is another process', async () => {
  const port = await takePort();
  expect((await refusal(port))?.message).toBe(`port ${port} is taken by another process`);
});

test('below the ports for outgoing connections, the offered port has the same last digits', async () => {
  const port = await takePort();
  const outgoingPorts = () => ({ from: port - 5_000, to: port + 5_000 });
  const error = await refusalWith({ findPortUse: () => undefined, outgoingPorts }, port);
  const offered = Number(/--port (\d+)$/.exec(error?.hint ?? '')?.[1]);
  expect(offered).toBeGreaterThanOrEqual(port - 10_000);
  expect(offered).toBeLessThan(port - 9_980);
  expect(error?.hint).toContain(`the ports ${port - 5_000} to ${port + 5_000} to outgoing connections`);
});

test('a port is offered also if every unprivileged port is for outgoing connections', async () => {
  const port = await takePort();
  const knowledge = { findPortUse: () => undefined, outgoingPorts: () => ({ from: 1_024, to: 65_535 }) };
  expect((await findPortProblem({ host, port }, knowledge))?.freePort).toBeGreaterThan(port);
});

describe.skipIf(process.platform !== 'linux')('on Linux', async () => {
  const platform = await loadPlatform('linux');

  /** A connection of this process to itself; the system chooses its local port. */
  async function connect(): Promise<{ client: Socket; accepted: Socket; port: number }> {
    const to = await takePort();
    const accepting = once(servers.at(-1)!, 'connection') as Promise<[Socket]>;
    const client = createConnection({ host, port: to });
    await once(client, 'connect');
    const [accepted] = await accepting;
    sockets.push(client, accepted);
    return { client, accepted, port: client.localPort! };
  }

  test('the local port of an open connection is taken, by the process of the connection', async () => {
    const { port } = await connect();
    const problem = await findPortProblem({ host, port }, platform);
    expect(problem?.detail).toContain(`port ${port} is taken by an outgoing connection of pid ${process.pid} (`);
    expect(problem?.explanation).toMatch(/^This system gives the ports \d+ to \d+ to outgoing connections/);
    const { from = 0 } = platform.outgoingPorts() ?? {};
    expect(problem?.freePort).toBeLessThan(from);
    const error = await refusalWith(platform, port);
    expect(error).toMatchObject({ code: 'port-taken', message: problem?.detail });
    expect(error?.hint).toBe(
      `${problem!.explanation!}. Use another port: claude-mem start --port ${problem!.freePort!}`,
    );
  });

  test('the local port of a closed connection stays taken, by no process', async () => {
    const { client, accepted, port } = await connect();
    client.destroy();
    accepted.destroy();
    await eventually('the connection belongs to no process', () => {
      return platform.findPortUse({ host, port })?.kind === 'is-closing';
    });
    const problem = await findPortProblem({ host, port }, platform);
    expect(problem).toMatchObject({
      detail: `port ${port} is taken by an outgoing connection that was closed, for up to a minute`,
      use: { kind: 'is-closing', process: undefined },
    });
  });

  test('a listening process is found by its address, and no process on a free port', async () => {
    const port = await takePort();
    expect(platform.findPortUse({ host, port })).toMatchObject({ kind: 'listens', process: { pid: process.pid } });
    expect(platform.findPortUse({ host: '127.1.2.3', port })).toBeUndefined();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(platform.findPortUse({ host, port })).toBeUndefined();
  });
});
