import { connect, type Socket } from 'node:net';
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectToSupervisor } from '../../src/state/control/control-client.ts';
import { type ControlMethods, listenForControl } from '../../src/supervisor/control-server.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { aLog } from '../a-log.ts';

const TREE = '0f0e0d0c-0b0a-4908-8706-050403020100';
const METHODS: ControlMethods = { status: (params) => ({ state: 'running', params }) };

async function aServer(methods = METHODS) {
  const dataDir = tempDir();
  const path = join(dataDir, 'supervisor.sock');
  const { log, lines } = aLog();
  const server = await listenForControl(path, { greeting: { claudeMem: 1, version: '1', treeId: TREE }, methods, log });
  onTestFinished(() => server.close());
  return { dataDir, path, server, lines };
}

/** Sends the text unchanged and collects the answers. */
function aPeer(path: string) {
  const socket = connect(path);
  const peer = {
    socket,
    received: '',
    isClosed: false,
    lines: () => peer.received.trim().split('\n').slice(1).map(parse),
  };
  socket.setEncoding('utf8').on('data', (text: string) => (peer.received += text));
  socket.on('error', () => undefined);
  socket.on('close', () => (peer.isClosed = true));
  onTestFinished(() => void socket.destroy());
  return peer;
}

const parse = (line: string) => JSON.parse(line) as Record<string, unknown>;

test('only the owner can connect to the socket from its creation on', async () => {
  const mask = process.umask(0);
  onTestFinished(() => void process.umask(mask));
  const { path } = await aServer();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(process.umask(0)).toBe(0);
});

test.each<[string, (path: string) => void]>([
  [
    'a folder',
    (path) => {
      mkdirSync(path);
    },
  ],
  [
    'a file',
    (path) => {
      writeFileSync(path, 'mine');
    },
  ],
  [
    'a link',
    (path) => {
      symlinkSync('/nonexistent', path);
    },
  ],
])('%s in place of the socket is named and left unchanged', async (kind, occupy) => {
  const path = join(tempDir(), 'supervisor.sock');
  occupy(path);
  const options = {
    greeting: { claudeMem: 1, version: '1', treeId: TREE },
    methods: METHODS,
    log: aLog().log,
  } as const;
  await expect(listenForControl(path, options)).rejects.toMatchObject({
    name: 'ClaudeMemError',
    message: `claude-mem needs ${path} for a socket, but it is ${kind}`,
    hint: expect.stringContaining('Move or remove it') as string,
  });
  if (kind !== 'a link') expect(existsSync(path)).toBe(true);
});

describe('a request on the control socket', () => {
  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', '', 7, null, { a: 1 }, ['status']])(
    'a request on the control socket with the method %j is refused',
    async (method) => {
      const { path, lines } = await aServer();
      const peer = aPeer(path);
      peer.socket.write(`${JSON.stringify({ id: 1, method, params: {} })}\n`);
      await eventually('it is answered', () => peer.lines().length === 1);
      expect(peer.lines()).toEqual([
        { id: 1, error: { message: expect.stringContaining('no such method') as string } },
      ]);
      expect(lines).toHaveLength(1);
    },
  );

  test.each(['null', '7', '"x"', '{}', '[]', '{', `{"id":${'['.repeat(50_000)}${']'.repeat(50_000)}}`])(
    'a request on the control socket that is not valid is refused (%#)',
    async (line) => {
      const { path } = await aServer();
      const peer = aPeer(path);
      peer.socket.write(`${line}\n`);
      await eventually('it is answered', () => peer.lines().length === 1);
      expect(peer.lines()[0]).toMatchObject({ id: null, error: {} });
    },
  );

  test('a request on the control socket of 50 kB gets a short answer and a short log line', async () => {
    const { path, lines } = await aServer();
    const peer = aPeer(path);
    peer.socket.write(`${JSON.stringify({ id: 'i'.repeat(20_000), method: 'm'.repeat(30_000) })}\n`);
    await eventually('it is answered', () => peer.lines().length === 1);
    expect(peer.received.length).toBeLessThan(600);
    expect(lines.join('').length).toBeLessThan(600);
  });

  test('whose result cannot be written as JSON is answered with an error', async () => {
    const { path } = await aServer({ status: () => 1n });
    const peer = aPeer(path);
    peer.socket.write('{"id":1,"method":"status"}\n');
    await eventually('it is answered', () => peer.lines().length === 1);
    expect(peer.lines()).toMatchObject([{ id: 1, error: {} }]);
  });
});

describe('the server closes a control connection', () => {
  const endless = (socket: Socket, text: string) => {
    const timer = setInterval(() => socket.write(text), 1);
    socket.on('close', () => {
      clearInterval(timer);
    });
  };

  test('the server closes a control connection if a line does not end', async () => {
    const { path } = await aServer();
    const peer = aPeer(path);
    endless(peer.socket, 'x'.repeat(10_000));
    await eventually('it is cut off', () => peer.isClosed);
  });

  test('the server closes a control connection if it has too many unanswered requests', async () => {
    const { path } = await aServer({ status: () => new Promise(() => undefined) });
    const peer = aPeer(path);
    endless(peer.socket, '{"id":1,"method":"status"}\n'.repeat(100));
    await eventually('it is cut off', () => peer.isClosed);
  });

  test('the server closes a control connection if it does not read its answers', async () => {
    const { path, lines } = await aServer({ status: () => 'x'.repeat(50_000) });
    const peer = aPeer(path);
    peer.socket.pause();
    endless(peer.socket, '{"id":1,"method":"status"}\n');
    await eventually('it is cut off', () => lines.some((line) => line.includes('does not read')));
  });

  test('the server closes a control connection if too many of its requests fail', async () => {
    const { path, lines } = await aServer();
    const peer = aPeer(path);
    endless(peer.socket, '{"id":1,"method":"constructor"}\n');
    await eventually('it is cut off', () => peer.isClosed);
    expect(lines.length).toBeLessThan(70);
  });
});

test('with many connections, a new one is answered and one with a pending request is kept', async () => {
  let answer: (value: string) => void = () => undefined;
  const { path, dataDir } = await aServer({ ...METHODS, wait: () => new Promise((resolve) => (answer = resolve)) });
  const waiting = await connected(dataDir);
  const answered = waiting.request('wait', {}, 20_000);
  const idle = Array.from({ length: 300 }, () => aPeer(path));
  await eventually('the limit is reached', () => idle.filter(({ isClosed }) => isClosed).length >= 45);
  const connection = await connected(dataDir);
  expect(await connection.request('status', { a: 1 }, 5_000)).toEqual({ state: 'running', params: { a: 1 } });
  connection.close();
  answer('done');
  expect(await answered).toBe('done');
  waiting.close();
});

async function connected(dataDir: string) {
  const connection = await connectToSupervisor(dataDir);
  if (connection === undefined || connection === 'late') throw new Error('nobody answers');
  return connection;
}

test('a peer that keeps its end open does not prevent the server from closing', async () => {
  const { path, server } = await aServer();
  const peer = aPeer(path);
  peer.socket.removeAllListeners('data').pause();
  await eventually('it is connected', () => !peer.socket.connecting);
  await server.close();
  peer.socket.resume();
  await eventually('it is closed', () => peer.isClosed);
});
