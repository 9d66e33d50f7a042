import { expect, test } from 'vitest';
import { psDialect } from '../../../src/platform/posix/ps-dialects.ts';

test('environments are shown by -E on macOS and by e elsewhere', () => {
  expect(psDialect('darwin')).toEqual({ withEnvironment: '-wwE', allWithEnvironment: '-axwwE', ctype: 'UTF-8' });
  const usual = { withEnvironment: 'eww', allWithEnvironment: 'axeww', ctype: 'C.UTF-8' };
  expect([psDialect('freebsd'), psDialect('linux')]).toEqual([usual, usual]);
});
