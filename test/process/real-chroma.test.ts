// What DESIGN says of the real chroma-mcp and rests on: a new version that behaves otherwise fails here first.
import { expect, onTestFinished, test } from 'vitest';
import { identify, isAlive, parentOf, signalIfSame } from '../../scripts/leak/identity.mjs';
import { leakRealChroma, startRealChroma, type PairOptions, type Pairs } from '../helpers/chroma-pairs.ts';
import { eventually } from '../helpers/eventually.ts';
import { describeWithChroma } from '../helpers/semantic-stack.ts';
import { tempDir } from '../helpers/temp-dir.ts';

describeWithChroma('the real chroma-mcp', (stack) => {
  async function onePair<T extends Pairs>(
    start: (on: typeof stack, options: PairOptions) => Promise<T>,
    options: Partial<PairOptions> = {},
  ) {
    const pairs = await start(stack, { dataDir: tempDir(), ...options });
    onTestFinished(pairs.cleanup);
    return { pairs, ...pairs.pairs[0]! };
  }

  test('is a wrapper and a python below it', async () => {
    const { pairs, wrapper, python } = await onePair(startRealChroma, { marks: true });
    expect([parentOf(python.pid), parentOf(wrapper.pid)]).toEqual([wrapper.pid, pairs.parent.pid]);
  });

  test('both outlive the death of their parent', async () => {
    const { pairs, wrapper, python } = await onePair(leakRealChroma, { marks: true });
    expect(parentOf(wrapper.pid)).toBe(pairs.adopter);
    expect([wrapper, python].filter(isAlive)).toEqual([wrapper, python]);
  });

  test('both go to a subreaper as they go to pid 1', async () => {
    const { pairs } = await onePair(leakRealChroma, { underSubreaper: true });
    expect(pairs.adopter).toBe(pairs.holder?.pid);
  });

  test('both go with SIGTERM to the wrapper', async () => {
    const { wrapper, python } = await onePair(startRealChroma);
    signalIfSame(wrapper, 'SIGTERM');
    await eventually('both are gone', () => !isAlive(wrapper) && !isAlive(python));
  });

  test('the python outlives SIGKILL to the wrapper', async () => {
    const { wrapper, python } = await onePair(startRealChroma);
    signalIfSame(wrapper, 'SIGKILL');
    await eventually('the wrapper is gone', () => identify(wrapper.pid) === undefined);
    expect(isAlive(python)).toBe(true);
  });
});
