import { expect, test } from 'vitest';
import { Shutdown } from '../../src/shared/shutdown.ts';
import { aLog } from '../a-log.ts';

const never = () => new Promise<void>(() => undefined);

test('closes everything in parallel, the newest first, each once', async () => {
  const { log } = aLog();
  const shutdown = new Shutdown(log);
  const events: string[] = [];
  let open = 2;
  for (const name of ['first', 'second']) {
    shutdown.add(name, async () => {
      events.push(`${name} begins`);
      open -= 1;
      // Continues only once the other one has started.
      while (open > 0) await new Promise((resolve) => setImmediate(resolve));
      events.push(`${name} ends`);
    });
  }
  await Promise.all([shutdown.begin('SIGTERM', 1_000), shutdown.begin('SIGINT', 1_000)]);
  await shutdown.begin('SIGHUP', 1_000);
  expect(events.slice(0, 2)).toEqual(['second begins', 'first begins']);
  expect(events).toHaveLength(4);
});

test('a closing that fails or hangs is named and does not delay others', async () => {
  const { log, lines } = aLog();
  const shutdown = new Shutdown(log);
  let isClosed = false;
  shutdown.add('good', () => {
    isClosed = true;
  });
  shutdown.add('throws', () => {
    throw new Error('broken');
  });
  shutdown.add('rejects', () => Promise.reject(new Error('no')));
  shutdown.add('hangs', never);
  await shutdown.begin('SIGTERM', 20);
  expect(isClosed).toBe(true);
  const problems = lines.filter((line) => line.startsWith('error'));
  expect(problems).toEqual([
    'error could not be closed {"step":"throws","error":"broken"}',
    'error could not be closed {"step":"rejects","error":"no"}',
    expect.stringContaining('error not closed before the deadline {"step":"hangs"') as string,
  ]);
});

test('a resource added during the shutdown is closed immediately', async () => {
  const shutdown = new Shutdown(aLog().log);
  expect(shutdown.isBegun).toBe(false);
  const ending = shutdown.begin('SIGTERM', 1_000);
  expect(shutdown.isBegun).toBe(true);
  const closed = new Promise<number>((resolve) => {
    shutdown.add('late', resolve);
  });
  expect(await closed).toBeLessThanOrEqual(1_000);
  await ending;
});

test('each closing receives its time limit', async () => {
  const shutdown = new Shutdown(aLog().log);
  const given: number[] = [];
  shutdown.add('one', (withinMs) => {
    given.push(withinMs);
  });
  await shutdown.begin('SIGTERM', 500);
  expect(given[0]).toBeGreaterThan(400);
});
