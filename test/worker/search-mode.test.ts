import { expect, test } from 'vitest';
import type { VectorStatus } from '../../src/chroma/vector-index.ts';
import { Shutdown } from '../../src/shared/shutdown.ts';
import { reportSearchMode, searchModeOf } from '../../src/worker/search-mode.ts';
import { eventually } from '../helpers/eventually.ts';
import { aLog } from '../a-log.ts';

test.each([
  [{ state: 'ready', reason: null }, 'semantic'],
  [{ state: 'asleep', reason: null }, 'semantic'],
  [{ state: 'starting', reason: 'Chroma is starting' }, 'keyword'],
  [{ state: 'unavailable', reason: 'no uvx' }, 'keyword'],
] as const)('%j is %s', (status, mode) => {
  expect(searchModeOf(status)).toEqual({ mode, reason: status.reason });
});

test('the search mode is reported immediately and at every change, until the shutdown', async () => {
  const { log } = aLog();
  const shutdown = new Shutdown(log);
  const sent: unknown[] = [];
  let status: VectorStatus = { state: 'starting', reason: 'Chroma is starting' };
  const channel = { connected: true, send: (message: unknown) => sent.push(message) > 0, on: () => undefined };
  reportSearchMode({ status: () => status, channel, log, shutdown, everyMs: 2 });
  expect(sent).toEqual([{ type: 'search-mode', mode: 'keyword', reason: 'Chroma is starting' }]);
  status = { state: 'ready', reason: null };
  await eventually('the change is reported', () => sent.length === 2);
  expect(sent[1]).toEqual({ type: 'search-mode', mode: 'semantic', reason: null });
  await shutdown.begin('test', 100);
  status = { state: 'closed', reason: 'Chroma is shutting down' };
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(sent).toHaveLength(2);
});
