import { test } from 'vitest';
import { expectToFit } from './terminal-width.ts';

test.each([120, 60, 59])('no line is wider than a terminal of %i columns', async (columns) => {
  await expectToFit(columns);
});
