import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isLateAnswer } from '../../../src/shared/errors.ts';
import { connectToSupervisor } from '../../../src/state/control/control-client.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { TREE } from '../manifests.ts';

const GREETING = `${JSON.stringify({ claudeMem: 1, version: '0.1.0', treeId: TREE })}\n`;

/** A peer on the control socket that answers each line as given; the first call is the greeting. */
async function aPeer(onLine: (socket: Socket, id: number) => void, greeting = GREETING) {
  const dataDir = tempDir();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.write(greeting);
    socket.on('data', (chunk) => {
      for (const line of String(chunk).trim().split('\n')) onLine(socket, (JSON.parse(line) as { id: number }).id);
    });
  });
  await new Promise<void>((resolve) => server.listen(join(dataDir, 'supervisor.sock'), resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return dataDir;
}

async function connected(dataDir: string) {
  const connection = await connectToSupervisor(dataDir);
  if (connection === undefined || connection === 'late') throw new Error('nobody answers');
  onTestFinished(() => {
    connection.close();
  });
  return connection;
}

const endless = (socket: Socket, text: string, everyMs = 1) => {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.on('close', () => {
    clearInterval(timer);
  });
};
const answer = (id: number, result: unknown) => `${JSON.stringify({ id, result })}\n`;

test('an answer is matched by its id, regardless of earlier ones', async () => {
  const connection = await connected(
    await aPeer((socket, id) => socket.write(answer(id - 1, 'old') + answer(id, 'new'))),
  );
  expect(await connection.request('status', {}, 5_000)).toBe('new');
  expect(await connection.request('status', {}, 5_000)).toBe('new');
});

describe('a request ends', () => {
  test('a request ends at its deadline although answers with other ids keep arriving', async () => {
    const connection = await connected(
      await aPeer((socket) => {
        endless(socket, answer(99, 'x'), 20);
      }),
    );
    const startedAt = performance.now();
    await expect(connection.request('status', {}, 300)).rejects.toThrow('did not answer within 300 ms');
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  test('a request ends with an error if the peer floods it with answers to other requests', async () => {
    const connection = await connected(
      await aPeer((socket) => {
        endless(socket, answer(99, 'x').repeat(500));
      }),
    );
    await expect(connection.request('status', {}, 20_000)).rejects.toThrow(/is too long|match no request/);
  });

  test('a request ends with an error if a line does not end', async () => {
    const connection = await connected(
      await aPeer((socket) => {
        endless(socket, 'x'.repeat(10_000));
      }),
    );
    await expect(connection.request('status', {}, 20_000)).rejects.toThrow('is too long');
  });

  test('a request ends with an error if the peer disconnects', async () => {
    const connection = await connected(await aPeer((socket) => socket.destroy()));
    await expect(connection.request('status', {}, 20_000)).rejects.toThrow('closed the connection');
  });
});

test('an answer of 100 kB is read completely', async () => {
  const text = 'x'.repeat(100_000);
  const connection = await connected(await aPeer((socket, id) => socket.write(answer(id, text))));
  expect(await connection.request('status', {}, 5_000)).toBe(text);
});

test('unrequested answers are not buffered', async () => {
  const connection = await connected(await aPeer(() => undefined, GREETING + answer(7, 'x').repeat(2_000)));
  await expect(connection.request('status', {}, 5_000)).rejects.toThrow(/is too long|match no request/);
});

test.each(['../../etc/x', '', 'a'.repeat(129), 'a b', 7, null])(
  'a greeting with the tree id %j is rejected',
  async (treeId) => {
    const greeting = `${JSON.stringify({ claudeMem: 1, version: '1', treeId })}\n`;
    expect(await connectToSupervisor(await aPeer(() => undefined, greeting))).toBeUndefined();
  },
);

test('a supervisor that does not greet in time is late; without a listener or after a disconnect there is none', async () => {
  expect(await connectToSupervisor(await aPeer(() => undefined, ''), { withinMs: 50 })).toBe('late');
  expect(await connectToSupervisor(tempDir(), { withinMs: 5_000 })).toBe(undefined);
  const hangsUp = await aPeer(() => undefined, 'no greeting\n{}\n');
  expect(await connectToSupervisor(hangsUp, { withinMs: 5_000 })).toBe(undefined);
});

test('a late answer is distinguished from a closed connection', async () => {
  const late = await connected(await aPeer(() => undefined));
  await expect(late.request('status', {}, 50)).rejects.toSatisfy(isLateAnswer);
  const closed = await connected(await aPeer((socket) => socket.destroy()));
  await expect(closed.request('status', {}, 20_000)).rejects.not.toSatisfy(isLateAnswer);
});
