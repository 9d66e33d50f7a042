import { createServer, type Server } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { HealthMonitor } from '../../src/supervisor/health-monitor.ts';
import { eventually } from '../helpers/eventually.ts';
import { aLog } from '../services/a-log.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const EVERY_MS = 30;

/** A worker that answers as told: with a status, or not at all. */
async function monitored(answer: (request: number) => number | undefined) {
  let requests = 0;
  const server: Server = createServer((_, response) => {
    requests += 1;
    const status = answer(requests);
    if (status !== undefined) response.writeHead(status).end();
  });
  const path = join(tempDir(), 'worker.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  let hung = 0;
  const monitor = new HealthMonitor(path, { log: aLog().log, onHung: () => (hung += 1), everyMs: EVERY_MS });
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

test('one that sends without end is cut off, and has not answered', async () => {
  const path = join(tempDir(), 'worker.sock');
  let sent = 0;
  const server = createSocketServer((socket) => {
    const timer = setInterval(() => {
      sent += 65_536;
      socket.write('x'.repeat(65_536));
    }, 1);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearInterval(timer);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  let hung = 0;
  const monitor = new HealthMonitor(path, { log: aLog().log, onHung: () => (hung += 1), everyMs: 1_000 });
  onTestFinished(() => {
    monitor.stop();
    server.close();
  });
  await eventually('it was asked and is a miss', () => !monitor.isHealthy);
  expect([hung, sent < 100 * 65_536]).toEqual([0, true]);
});
