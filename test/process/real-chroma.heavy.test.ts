// Properties of the real chroma-mcp that the design relies on. A new version that behaves differently fails here first.
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

  test('Chroma is a wrapper with a python child', async () => {
    const { pairs, wrapper, python } = await onePair(startRealChroma, { marks: true });
    expect([parentOf(python.pid), parentOf(wrapper.pid)]).toEqual([wrapper.pid, pairs.parent.pid]);
  });

  test('wrapper and python are re-parented to a subreaper as to pid 1', async () => {
    const { pairs } = await onePair(leakRealChroma, { underSubreaper: true });
    expect(pairs.adopter).toBe(pairs.holder?.pid);
  });

  test('SIGTERM to the wrapper ends both', async () => {
    const { wrapper, python } = await onePair(startRealChroma);
    signalIfSame(wrapper, 'SIGTERM');
    await eventually('both are gone', () => !isAlive(wrapper) && !isAlive(python));
  });

  test('the python survives SIGKILL to the wrapper', async () => {
    const { wrapper, python } = await onePair(startRealChroma);
    signalIfSame(wrapper, 'SIGKILL');
    await eventually('the wrapper is gone', () => identify(wrapper.pid) === undefined);
    expect(isAlive(python)).toBe(true);
  });
});
