import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WorkerVectors } from '../../src/search-server/worker-vectors.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { openServer, PORT, TOKEN } from '../worker/open-server.ts';

const query = { text: 'x', limit: 3 };
const matches = [{ observationId: 1, documentId: '1-0123456789abcdef', distance: 0.5 }];

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  const path = join(tempDir(), 'worker.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return path;
}

/** The worker's real API on its own socket; only the host check needs the port it expects. */
async function startWorker() {
  const { server, state } = openServer();
  const path = await listen((request, response) => {
    request.headers.host = `127.0.0.1:${PORT}`;
    server.routing(request, response);
  });
  await server.ready();
  return { state, path };
}

/** High, so that a loaded machine does not count as a worker that hangs. */
const PATIENT = { healthTimeoutMs: 20_000, queryTimeoutMs: 20_000 };

const vectorsAt = (path: string, options: Partial<ConstructorParameters<typeof WorkerVectors>[0]> = {}) =>
  new WorkerVectors({ findSocket: () => path, readToken: () => TOKEN, ...PATIENT, ...options });

test('queries return the vectors of the worker', async () => {
  const { state, path } = await startWorker();
  state.answer = { available: true, matches };
  expect(await vectorsAt(path).query({ ...query, project: 'alpha', waitMs: 5 })).toEqual({ available: true, matches });
  expect(state.asked).toEqual([{ ...query, project: 'alpha', waitMs: 5 }]);
});

test('a worker without vectors gives the reason', async () => {
  const { path } = await startWorker();
  expect(await vectorsAt(path).query(query)).toEqual({ available: false, reason: 'Chroma is starting' });
});

test('returns nothing if no process listens or no socket is found', async () => {
  expect(await vectorsAt('/nonexistent/worker.sock').query(query)).toBeUndefined();
  const findSocket = () => {
    throw new Error('no worker listens');
  };
  expect(await vectorsAt('', { findSocket }).query(query)).toBeUndefined();
});

test('ignores a worker without a token or with another token', async () => {
  const { path } = await startWorker();
  expect(await vectorsAt(path, { readToken: () => undefined }).query(query)).toBeUndefined();
  expect(await vectorsAt(path, { readToken: () => 'b'.repeat(64) }).query(query)).toBeUndefined();
  const readToken = () => {
    throw new Error('contains no token');
  };
  expect(await vectorsAt(path, { readToken }).query(query)).toBeUndefined();
});

test('a worker that is late for its health check gives the delay as the reason', async () => {
  const hanging = await listen(() => undefined);
  expect(await vectorsAt(hanging, { healthTimeoutMs: 20 }).query(query)).toEqual({
    available: false,
    reason: 'the worker did not answer within 0.02 s',
  });
});

test('a worker whose vectors are slow gives the delay as the reason', async () => {
  const slow = await listen((request, response) => {
    if (request.url === '/health') response.end('{}');
  });
  expect(await vectorsAt(slow, { queryTimeoutMs: 20 }).query({ ...query, waitMs: 30 })).toEqual({
    available: false,
    reason: 'semantic search took longer than 0.05 s',
  });
});
