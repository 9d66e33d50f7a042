import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { namedPipes } from '../../src/platform/named-pipes.ts';
import { loadWindowsNative } from '../../src/platform/windows/native/load-native.ts';
import { FILE_RIGHTS, openFile } from '../../src/platform/windows/native/open-file.ts';
import { readSecurity, restrictTo } from '../../src/platform/windows/native/security.ts';
import { connectToPipe } from '../../src/shared/named-pipes.ts';
import { listenPrivately } from '../../src/shared/private-socket.ts';
import { noteWorkerSocket } from '../../src/state/control/worker-socket.ts';
import { readLockHolder, writeLockHolder } from '../../src/state/locks/lock-holder.ts';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { createTempDir } from '../helpers/temp-dir.ts';
import { runCli } from './run-cli.ts';

const pipes = namedPipes!;
const native = loadWindowsNative()!;
/** LocalSystem, S-1-5-18. */
const SYSTEM = Buffer.from('010100000000000512000000', 'hex');
const TREE = 'c548ddf0-0000-4000-8000-000000000001';

function aServer(received: string[] = []): Server {
  const server = createServer((socket) => {
    received.push('connection');
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => received.push(String(chunk)));
    socket.write(`${JSON.stringify({ claudeMem: 1, version: '1', treeId: TREE })}\n`);
  });
  onTestFinished(() => void server.close());
  return server;
}

/** A pipe that looks as if another user listened on it. Undefined where Windows gives no pipe away, unlike Wine. */
async function pipeOf(owner: Buffer, received: string[]): Promise<string | undefined> {
  const path = pipes.newPath();
  const server = aServer(received);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const { writeDacl, writeOwner } = FILE_RIGHTS;
  const handle = openFile(native, path, writeDacl | writeOwner);
  const isGiven = restrictTo(native, handle, owner);
  native.close(handle);
  received.length = 0;
  return isGiven ? path : undefined;
}

test('a pipe has this user as its owner, and admits no other user and no other machine', async () => {
  const path = pipes.newPath();
  await listenPrivately(aServer(), path, pipes);
  const handle = openFile(native, path, FILE_RIGHTS.readSecurity);
  const security = readSecurity(native, handle);
  native.close(handle);
  const network = Buffer.from('010100000000000502000000', 'hex');
  expect(security?.access?.map(({ type, sid }) => [type, sid.toString('hex')])).toEqual([
    [1, network.toString('hex')],
    [0, security?.owner?.toString('hex')],
  ]);
  const socket = await connectToPipe(path, pipes);
  const greeting = await new Promise<string>((resolve) => {
    socket.once('data', (chunk) => {
      resolve(String(chunk));
    });
  });
  expect(greeting).toContain(TREE);
  socket.destroy();
});

test('many clients of one pipe are served one after another', async () => {
  const path = pipes.newPath();
  await listenPrivately(aServer(), path, pipes);
  const sockets = await Promise.all(Array.from({ length: 20 }, () => connectToPipe(path, pipes)));
  expect(sockets).toHaveLength(20);
  for (const socket of sockets) socket.destroy();
});

test('a pipe without a server, or of another user, is refused', async () => {
  await expect(pipes.hold(pipes.newPath())).rejects.toMatchObject({ code: 'ENOENT' });
  const other = await pipeOf(SYSTEM, []);
  if (other !== undefined) await expect(pipes.hold(other)).rejects.toMatchObject({ code: 'EACCES' });
});

test('no command connects to the pipe of another user, and none sends it anything', async (context) => {
  const received: string[] = [];
  const path = await pipeOf(SYSTEM, received);
  if (path === undefined) return context.skip('this Windows does not let a test give a pipe away');
  const dataDir = join(createTempDir().path, 'dätä dir');
  mkdirSync(dataDir);
  const holder = { pid: process.pid, command: 'claude-mem start', socket: path, since: '2026-01-01T00:00:00Z' };
  writeLockHolder(join(dataDir, 'supervisor.lock'), holder);
  noteWorkerSocket(dataDir, path);
  writeFileSync(join(dataDir, 'token'), `${'a'.repeat(64)}\n`);
  expect(await runCli(['status', '--data-dir', dataDir])).toMatchObject({ exitCode: 3 });
  expect(await runCli(['leaks', '--data-dir', dataDir])).toMatchObject({ exitCode: 0 });
  expect(await runCli(['stop', '--data-dir', dataDir])).toMatchObject({ exitCode: 0 });
  await runCli(['doctor', '--data-dir', dataDir]);
  const event = JSON.stringify({ hook_event_name: 'Stop', session_id: 's', cwd: String.raw`C:\x` });
  expect(await runCli(['hook', '--data-dir', dataDir], { input: event })).toMatchObject({ exitCode: 0 });
  const port = { CLAUDE_MEM_WORKER_PORT: String(await freePort()) };
  const started = await runCli(['start', '--no-chroma', '--data-dir', dataDir], { env: port });
  expect(started).toMatchObject({ exitCode: 0, stderr: '' });
  expect(readLockHolder(join(dataDir, 'supervisor.lock'))?.socket).not.toBe(path);
  expect(await runCli(['stop', '--data-dir', dataDir])).toMatchObject({ exitCode: 0 });
  expect(received.filter((text) => text !== 'connection')).toEqual([]);
  // The test can fail: the server hears a client that skips the check.
  createConnection(path).end('secret').resume();
  await eventually('the server hears a client that skips the check', () => received.includes('secret'));
});
