import { expect, onTestFinished, test } from 'vitest';
import { isAlive, parentOf } from '../../scripts/leak/identity.mjs';
import { leakRealChroma } from '../helpers/chroma-pairs.ts';
import { describeWithChroma } from '../helpers/semantic-stack.ts';
import { tempDir } from '../helpers/temp-dir.ts';

describeWithChroma('the real chroma-mcp', (stack) => {
  test('wrapper and python survive the death of their parent', async () => {
    const pairs = await leakRealChroma(stack, { dataDir: tempDir(), marks: true });
    onTestFinished(pairs.cleanup);
    const { wrapper, python } = pairs.pairs[0]!;
    expect([parentOf(wrapper.pid), parentOf(python.pid)]).toEqual([pairs.adopter, wrapper.pid]);
    expect([wrapper, python].filter(isAlive)).toEqual([wrapper, python]);
  });
});
