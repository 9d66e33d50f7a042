import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readInput } from '../../../../src/cli/commands/hook/read-input.ts';

const LIMITS = { maxBytes: 1_000, withinMs: 200 };

test('readInput reads until the end and drops input over the limit', async () => {
  const stream = new PassThrough();
  stream.end('x'.repeat(2_000));
  expect(await readInput(stream, LIMITS)).toEqual({ text: 'x'.repeat(1_000), isWhole: true });
});

test('readInput returns the input so far of a stream that stays open', async () => {
  const stream = new PassThrough();
  stream.write('{"a":1}');
  expect(await readInput(stream, LIMITS)).toEqual({ text: '{"a":1}', isWhole: false });
});

test('readInput after a stop longer than the limit still reads the input that arrived meanwhile', async () => {
  const stream = new PassThrough();
  const reading = readInput(stream, LIMITS);
  await sleep(10);
  const until = performance.now() + 1_000;
  while (performance.now() < until);
  setImmediate(() => stream.end('late'));
  expect(await reading).toEqual({ text: 'late', isWhole: true });
});
