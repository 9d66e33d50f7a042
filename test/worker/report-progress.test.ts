import { expect, test } from 'vitest';
import { createProgressReport } from '../../src/worker/report-progress.ts';
import { openServer } from './open-server.ts';

test('each answer counts as progress, including a refusal', async () => {
  const { request, state } = openServer();
  await request('GET', '/health');
  await request('GET', '/ready', { headers: { authorization: undefined } });
  await request('GET', '/nowhere');
  expect(state.answers).toBe(3);
});

test('progress is reported immediately, then at most once a second, and never by an idle worker', () => {
  const sent: unknown[] = [];
  const channel = {
    connected: true,
    send: (message: unknown) => sent.push(message) > 0,
    on: () => undefined,
  };
  let nowMs = 0;
  const answered = createProgressReport(channel, () => nowMs);
  expect(sent).toEqual([]);
  for (nowMs = 0; nowMs < 3_000; nowMs += 100) answered();
  expect(sent).toEqual([{ type: 'progress' }, { type: 'progress' }, { type: 'progress' }]);
});
