import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import { assertPortFree } from '../../src/platform/port-check.ts';
import type { ClaudeMemError } from '../../src/shared/errors.ts';

const host = '127.0.0.1';
const servers: Server[] = [];

afterEach(async () => {
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
  return assertPortFree({ port, host }, () => Promise.resolve(listener)).then(
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
