import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { askSocket } from '../../../src/shared/ask-socket.ts';
import type { NamedPipes } from '../../../src/shared/named-pipes.ts';
import { listenPrivately } from '../../../src/shared/private-socket.ts';
import { connectToSupervisor } from '../../../src/state/control/control-client.ts';
import { askAnswering } from '../../../src/state/control/control-socket.ts';
import { claimSocketPath } from '../../../src/state/control/control-socket-path.ts';
import { findWorkerSocket, noteWorkerSocket } from '../../../src/state/control/worker-socket.ts';
import { writeLockHolder } from '../../../src/state/locks/lock-holder.ts';
import { eventually } from '../../helpers/eventually.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const TREE = 'c548ddf0-0000-4000-8000-000000000001';
const GREETING = `${JSON.stringify({ claudeMem: 1, version: '1', treeId: TREE })}\n`;

/** Sockets in the place of pipes, and an owner check whose result a test chooses. */
function fakePipes(verdict?: string): { pipes: NamedPipes; log: string[] } {
  const log: string[] = [];
  const folder = tempDir();
  return {
    log,
    pipes: {
      assertUsable: () => Promise.resolve(),
      newPath: () => join(folder, 'pipe'),
      isPath: (text) => text === join(folder, 'pipe'),
      restrict: () => {
        log.push('restrict');
        return verdict === undefined ? Promise.resolve() : Promise.reject(new Error(verdict));
      },
      hold: () => {
        log.push('hold');
        if (verdict !== undefined) return Promise.reject(Object.assign(new Error('no'), { code: verdict }));
        return Promise.resolve(() => log.push('release'));
      },
    },
  };
}

async function listen(path: string, log: string[], greeting = ''): Promise<Server> {
  const server = createServer((socket) => {
    log.push('connection');
    socket.on('error', () => undefined);
    socket.on('data', () => log.push('data'));
    if (greeting !== '') socket.write(greeting);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return server;
}

function aDataDir(pipe: string): string {
  const dataDir = tempDir();
  const holder = { pid: 1, command: 'claude-mem start', socket: pipe, since: '2026-01-01T00:00:00Z' };
  writeLockHolder(join(dataDir, 'supervisor.lock'), holder);
  noteWorkerSocket(dataDir, pipe);
  return dataDir;
}

test('a program takes a new pipe, whose name the data dir records', () => {
  const { pipes } = fakePipes();
  const path = claimSocketPath(tempDir(), 'worker.sock', { pipes });
  expect(path).toBe(pipes.newPath());
  expect(findWorkerSocket(aDataDir(path), pipes)).toBe(path);
});

test('a server restricts its pipe to this user, and does not listen if that fails', async () => {
  const { pipes, log } = fakePipes();
  const server = createServer();
  onTestFinished(() => void server.close());
  await listenPrivately(server, pipes.newPath(), pipes);
  expect([server.listening, log]).toEqual([true, ['restrict']]);

  const refused = fakePipes('refused').pipes;
  const other = createServer();
  await expect(listenPrivately(other, refused.newPath(), refused)).rejects.toMatchObject({ code: 'io' });
  expect(other.listening).toBe(false);
});

test('a client checks the owner of the pipe before it connects, and until it is connected', async () => {
  const { pipes, log } = fakePipes();
  await listen(pipes.newPath(), log, GREETING);
  const dataDir = aDataDir(pipes.newPath());
  expect(await askAnswering(dataDir, pipes)).toEqual([TREE]);
  expect(log[0]).toBe('hold');
  await eventually('the check has ended', () => log.includes('release'));
  const connection = await connectToSupervisor(dataDir, { pipes });
  expect(connection).toMatchObject({ treeId: TREE });
  if (typeof connection === 'object') connection.close();
});

test('no client connects to the pipe of another user', async () => {
  const { pipes, log } = fakePipes('EACCES');
  await listen(pipes.newPath(), log, GREETING);
  const dataDir = aDataDir(pipes.newPath());
  expect(await askAnswering(dataDir, pipes)).toEqual([]);
  expect(await connectToSupervisor(dataDir, { pipes })).toBeUndefined();
  const asked = { socketPath: pipes.newPath(), pipes, path: '/x', token: 'secret', withinMs: 5_000 };
  await expect(askSocket(asked)).rejects.toMatchObject({ code: 'EACCES' });
  expect(new Set(log)).toEqual(new Set(['hold']));
});

test('a supervisor whose pipe is busy is late, not gone', async () => {
  const { pipes } = fakePipes('EAGAIN');
  expect(await connectToSupervisor(aDataDir(pipes.newPath()), { pipes })).toBe('late');
});

test('a path that is no pipe is not asked', async () => {
  const { pipes, log } = fakePipes();
  const path = join(tempDir(), 'other.sock');
  await listen(path, log, GREETING);
  const dataDir = aDataDir(path);
  writeFileSync(join(dataDir, 'supervisor.sock'), '');
  expect(await askAnswering(dataDir, pipes)).toEqual([]);
  expect(() => findWorkerSocket(dataDir, pipes)).toThrow('no worker listens on this data dir');
  expect(log).toEqual([]);
});

test('a request over a pipe gets its answer', async () => {
  const { createServer: createHttpServer } = await import('node:http');
  const { pipes } = fakePipes();
  const server = createHttpServer((request, response) => response.end(JSON.stringify({ url: request.url })));
  await new Promise<void>((resolve) => server.listen(pipes.newPath(), resolve));
  onTestFinished(() => void server.close());
  const asked = { socketPath: pipes.newPath(), pipes, path: '/x', withinMs: 5_000 };
  expect(await askSocket(asked)).toEqual({ status: 200, body: { url: '/x' } });
});
