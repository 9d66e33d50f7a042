import { expect, test } from 'vitest';
import { wantsColor } from '../../../src/cli/terminal/color.ts';

const inTerminal = (env: NodeJS.ProcessEnv) => wantsColor(env, () => true);
const inPipe = (env: NodeJS.ProcessEnv) => wantsColor(env, () => false);

test.each(['', '1', 'true', '2', '3'])('FORCE_COLOR=%o turns colors on everywhere, also against NO_COLOR', (value) => {
  const env = { FORCE_COLOR: value, NO_COLOR: '1', TERM: 'dumb' };
  expect([inTerminal(env), inPipe(env)]).toEqual([true, true]);
});

test.each(['0', 'false', '4', 'yes'])('FORCE_COLOR=%s turns colors off, as in Node.js', (value) => {
  expect([inTerminal({ FORCE_COLOR: value }), inPipe({ FORCE_COLOR: value })]).toEqual([false, false]);
});

test.each([
  [{}, true],
  [{ NO_COLOR: '' }, true],
  [{ NO_COLOR: '1' }, false],
  [{ NO_COLOR: '0' }, false],
  [{ NODE_DISABLE_COLORS: '1' }, false],
  [{ TERM: 'dumb' }, false],
])('without FORCE_COLOR, a terminal with %o has colors: %s', (env, expected) => {
  expect(inTerminal(env)).toBe(expected);
  expect(inPipe(env)).toBe(false);
});
