import { createServer, type Server } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { HealthMonitor } from '../../src/supervisor/health-monitor.ts';
import { eventually } from '../helpers/eventually.ts';
import { aLog } from '../a-log.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const EVERY_MS = 30;

/** A worker that answers as given: with a status, after a delay, or not at all. */
async function monitored(answer: (request: number) => number | Promise<number> | undefined, everyMs = EVERY_MS) {
  let requests = 0;
  const server: Server = createServer((_, response) => {
    requests += 1;
    const status = answer(requests);
    if (status === undefined) return;
    void Promise.resolve(status).then((code) => response.writeHead(code).end());
  });
  const path = join(tempDir(), 'worker.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  let hung = 0;
  const monitor = new HealthMonitor(path, { log: aLog().log, onHung: () => (hung += 1), everyMs });
  onTestFinished(() => {
    monitor.stop();
    server.closeAllConnections();
    server.close();
  });
  return { monitor, server, requests: () => requests, hung: () => hung };
}

test('a worker that answers is not reported', async () => {
  const { monitor, requests, hung } = await monitored(() => 200);
  await eventually('it was asked often', () => requests() > 8);
  expect([hung(), monitor.isHealthy]).toEqual([0, true]);
});

test('a worker that answers three times in a row with an error hangs, and is reported once', async () => {
  const { monitor, requests, hung } = await monitored(() => 500);
  await eventually('it is reported', () => hung() > 0);
  expect([hung(), monitor.isHealthy]).toEqual([1, false]);
  expect(requests()).toBeGreaterThanOrEqual(3);
});

test('a worker that leaves a question unanswered for three intervals hangs, and is reported once', async () => {
  // Long intervals, because on a busy machine a late timer asks once more.
  const { monitor, requests, hung } = await monitored(() => undefined, 200);
  await eventually('it is reported', () => hung() > 0);
  expect([hung(), monitor.isHealthy]).toEqual([1, false]);
  expect(requests()).toBeLessThanOrEqual(2);
});

test('a worker that is gone counts as hung', async () => {
  const { server, hung } = await monitored(() => 200);
  server.closeAllConnections();
  server.close();
  await eventually('it is reported', () => hung() === 1);
});

test('a worker that answers its question two intervals late does not hang', async () => {
  const everyMs = 200;
  const { requests, hung } = await monitored(() => sleep(1.6 * everyMs, 200), everyMs);
  await eventually('it was asked often', () => requests() > 4);
  expect(hung()).toBe(0);
});

test('an endless answer is cut off and does not count', async () => {
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

test('a worker that answers other clients but not its supervisor does not hang', async () => {
  const { monitor, requests, hung } = await monitored(() => undefined);
  const others = setInterval(() => {
    monitor.noteProgress();
  }, EVERY_MS / 4);
  onTestFinished(() => {
    clearInterval(others);
  });
  // Each question stays open for three intervals.
  await eventually('three intervals have passed three times', () => requests() > 3);
  expect([hung(), monitor.isHealthy]).toEqual([0, true]);
  clearInterval(others);
  await eventually('it hangs once it answers nobody', () => hung() === 1);
});

test('an interval in which this process was frozen does not count as a miss', async () => {
  const { monitor, hung } = await monitored(() => undefined);
  for (let interval = 0; interval < 20; interval += 1) {
    block(2 * EVERY_MS);
    await turn();
  }
  expect([hung(), monitor.isHealthy]).toEqual([0, true]);
  await eventually('the misses are counted again', () => hung() === 1);
});

test('a sign between two misses makes the worker healthy again', async () => {
  const { hung, monitor, requests } = await monitored(() => 500);
  await eventually('a first miss is counted', () => !monitor.isHealthy);
  monitor.noteProgress();
  expect(monitor.isHealthy).toBe(true);
  await eventually('it is asked again', () => requests() > 2);
  await eventually('three misses in a row are needed again', () => hung() === 1);
});

/** Blocks this process, so that nothing else runs. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
