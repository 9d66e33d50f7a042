import { expect, test } from 'vitest';
import { openBrowser } from '../../src/platform/browser.ts';

test('opens nothing if no browser is installed', async () => {
  // No POSIX system has this program.
  expect(await openBrowser('http://127.0.0.1:1/#code=x', 'win32', {})).toBe(false);
});
