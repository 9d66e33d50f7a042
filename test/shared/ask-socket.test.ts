import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { askSocket } from '../../src/shared/ask-socket.ts';
import { tempDir } from '../helpers/temp-dir.ts';

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  const path = join(tempDir(), 'x.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return path;
}

const ask = (socketPath: string, withinMs = 5_000) => askSocket({ socketPath, path: '/x', withinMs });

test('sends method, token and body, and returns the status and the parsed object', async () => {
  const seen: unknown[] = [];
  const socketPath = await listen((request, response) => {
    request.setEncoding('utf8').on('data', (body: string) => {
      seen.push([request.method, request.url, request.headers.authorization, request.headers['content-type'], body]);
      response.writeHead(201).end('{"id":"ü"}');
    });
  });
  const body = { text: 'ü' };
  const answer = await askSocket({ socketPath, path: '/y', method: 'POST', token: 't', body, withinMs: 5_000 });
  expect(answer).toEqual({ status: 201, body: { id: 'ü' } });
  expect(seen).toEqual([['POST', '/y', 'Bearer t', 'application/json', '{"text":"ü"}']]);
});

test.each(['', 'a page', 'null', '7'])('returns no fields for the answer %j', async (text) => {
  const socketPath = await listen((_, response) => response.end(text));
  expect(await ask(socketPath)).toEqual({ status: 200, body: {} });
});

test('refuses an answer longer than 1 MiB before it is complete', async () => {
  const socketPath = await listen((_, response) => {
    const timer = setInterval(() => response.write('x'.repeat(100_000)), 1);
    response.on('close', () => {
      clearInterval(timer);
    });
  });
  await expect(ask(socketPath)).rejects.toThrow('the answer is longer than 1 MiB');
});

test('stops waiting for a slow answer at the limit', async () => {
  const socketPath = await listen((_, response) => {
    const timer = setInterval(() => response.write('x'), 5);
    response.on('close', () => {
      clearInterval(timer);
    });
  });
  await expect(ask(socketPath, 100)).rejects.toThrow('no answer within 0.1 s');
});

test('rejects if the connection closes without an answer', async () => {
  await expect(ask(await listen((request) => request.destroy()))).rejects.toThrow('socket hang up');
  await expect(ask('/nonexistent/x.sock')).rejects.toThrow('ENOENT');
});
