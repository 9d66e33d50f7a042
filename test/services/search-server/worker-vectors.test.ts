import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WorkerVectors } from '../../../src/services/search-server/worker-vectors.ts';
import { openServer, PORT, TOKEN } from '../worker/open-server.ts';

const query = { text: 'x', limit: 3 };
const matches = [{ observationId: 1, documentId: '1-0123456789abcdef', distance: 0.5 }];

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** The worker's real API, on a port of its own: only the check of the host has to be told the port it expects. */
async function startWorker() {
  const { server, state } = openServer();
  const port = await listen((request, response) => {
    request.headers.host = `127.0.0.1:${PORT}`;
    server.routing(request, response);
  });
  await server.ready();
  return { state, port };
}

const vectorsAt = (port: number, options: Partial<ConstructorParameters<typeof WorkerVectors>[0]> = {}) =>
  new WorkerVectors({
    host: '127.0.0.1',
    port,
    readToken: () => TOKEN,
    isOurTree: (treeId) => treeId === 'tree-1',
    ...options,
  });

test('are what the worker has', async () => {
  const { state, port } = await startWorker();
  state.answer = { available: true, matches };
  expect(await vectorsAt(port).query({ ...query, project: 'alpha', waitMs: 5 })).toEqual({ available: true, matches });
  expect(state.asked).toEqual([{ ...query, project: 'alpha', waitMs: 5 }]);
});

test('or its reason why there are none', async () => {
  const { port } = await startWorker();
  expect(await vectorsAt(port).query(query)).toEqual({ available: false, reason: 'Chroma is starting' });
});

test('there are none where nobody listens', async () => {
  expect(await vectorsAt(1).query(query)).toBeUndefined();
});

test('nobody but a worker of this data dir ever sees the token', async () => {
  const seen: string[] = [];
  const asks = (body: string) =>
    listen((request, response) => {
      seen.push(`${request.url ?? ''} ${request.headers.authorization ?? ''}`);
      response.end(body);
    });
  for (const body of ['{"treeId":"another"}', '{}', 'null', 'hello', '{"treeId":7}']) {
    expect(await vectorsAt(await asks(body)).query(query)).toBeUndefined();
  }
  expect(new Set(seen)).toEqual(new Set(['/health ']));
});

test('a worker without a token, with another one, or that hangs is none', async () => {
  const { port } = await startWorker();
  expect(await vectorsAt(port, { readToken: () => undefined }).query(query)).toBeUndefined();
  expect(await vectorsAt(port, { readToken: () => 'b'.repeat(64) }).query(query)).toBeUndefined();
  const readToken = () => {
    throw new Error('holds no token');
  };
  expect(await vectorsAt(port, { readToken }).query(query)).toBeUndefined();
  const hanging = await listen(() => undefined);
  expect(await vectorsAt(hanging, { healthTimeoutMs: 20 }).query(query)).toBeUndefined();
});
