import { expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-code.ts';

test('the exit codes are API', () => {
  expect(EXIT).toEqual({ ok: 0, found: 1, usage: 2, notRunning: 3, couldNotLook: 4, interrupted: 130 });
});
