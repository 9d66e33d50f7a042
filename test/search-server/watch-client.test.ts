import { PassThrough } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CallsUnderWay } from '../../src/search-server/calls-under-way.ts';
import { watchClient } from '../../src/search-server/watch-client.ts';
import { eventually } from '../helpers/eventually.ts';

describe('the client counts as gone', () => {
  function watch(startedBy = 5) {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const reasons: string[] = [];
    const state = { parent: 5 };
    const stop = watchClient({ input, output, parentPid: () => state.parent, startedBy, everyMs: 2 }, (reason) => {
      reasons.push(reason);
    });
    onTestFinished(stop);
    input.resume();
    return { input, output, reasons, state, stop };
  }

  test('the client counts as gone when stdin ends', async () => {
    const { input, reasons } = watch();
    expect(reasons).toEqual([]);
    input.end();
    await eventually('it is seen', () => reasons[0] === 'stdin ended');
  });

  test('the client counts as gone when stdin or stdout breaks', async () => {
    const { input, output, reasons } = watch();
    output.destroy(new Error('EPIPE'));
    await eventually('stdout is seen', () => reasons.includes('stdout is closed'));
    input.destroy(new Error('EIO'));
    await eventually('stdin is seen', () => reasons.includes('stdin ended'));
  });

  test('the client counts as gone when the parent changes', async () => {
    const { reasons, state, stop } = watch();
    state.parent = 1;
    await eventually('it is seen', () => reasons[0] === 'the parent process is gone');
    stop();
  });

  test('the client counts as gone when it was gone before the watch began', () => {
    expect(watch(4).reasons).toEqual(['the parent process is gone']);
  });
});

test('waits for running calls, including those that fail or start meanwhile', async () => {
  const calls = new CallsUnderWay();
  const events: string[] = [];
  const call = async (name: string, then?: () => void) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    then?.();
    events.push(name);
    if (name === 'fails') throw new Error(name);
  };
  const failing = calls.track(call('fails', () => void calls.track(call('later'))));
  const settled = calls.idle();
  await expect(failing).rejects.toThrow('fails');
  await settled;
  expect(events).toEqual(['fails', 'later']);
  await calls.idle();
});
