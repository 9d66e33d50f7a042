import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { HealthMonitor } from '../../src/supervisor/health-monitor.ts';
import { eventually } from '../helpers/eventually.ts';
import { aLog } from '../services/a-log.ts';

const EVERY_MS = 30;

/** A worker that answers as told: with a status, or not at all. */
async function monitored(answer: (request: number) => number | undefined) {
  let requests = 0;
  const server: Server = createServer((_, response) => {
    requests += 1;
    const status = answer(requests);
    if (status !== undefined) response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let hung = 0;
  const monitor = new HealthMonitor(
    { host: '127.0.0.1', port },
    { log: aLog().log, onHung: () => (hung += 1), everyMs: EVERY_MS },
  );
  onTestFinished(() => {
    monitor.stop();
    server.closeAllConnections();
    server.close();
  });
  return { monitor, server, requests: () => requests, hung: () => hung };
}

test('one that answers is let be', async () => {
  const { monitor, requests, hung } = await monitored(() => 200);
  await eventually('it was asked often', () => requests() > 8);
  expect([hung(), monitor.isHealthy]).toEqual([0, true]);
});

test.each([
  ['does not answer', undefined],
  ['answers with an error', 500],
])('one that %s three times in a row hangs, and is reported once', async (_, status) => {
  const { monitor, requests, hung } = await monitored(() => status);
  await eventually('it is reported', () => hung() > 0);
  expect([requests(), hung(), monitor.isHealthy]).toEqual([3, 1, false]);
});

test('one that is gone hangs too', async () => {
  const { server, hung } = await monitored(() => 200);
  server.closeAllConnections();
  server.close();
  await eventually('it is reported', () => hung() === 1);
});

test('two misses and an answer are no hanging', async () => {
  const { requests, hung } = await monitored((request) => (request % 3 === 0 ? 200 : undefined));
  await eventually('it was asked often', () => requests() > 8);
  expect(hung()).toBe(0);
});
