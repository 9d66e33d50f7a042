import { afterEach, expect, test, vi } from 'vitest';
import { whileInUse } from '../../src/shared/while-in-use.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

function failing(times: number, code: string) {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls <= times) throw Object.assign(new Error(code), { code });
    return calls;
  };
}

/** On Windows, processes have no user number. */
function onWindows(): void {
  vi.stubGlobal('process', { geteuid: undefined });
}

test.each(['EPERM', 'EACCES', 'EBUSY'])('Windows gets a second attempt after %s', (code) => {
  onWindows();
  expect(whileInUse(failing(2, code))).toBe(3);
});

test('another error, and a refusal that stays, is thrown', () => {
  onWindows();
  expect(() => whileInUse(failing(1, 'ENOENT'))).toThrow('ENOENT');
  expect(() => whileInUse(failing(1_000, 'EPERM'))).toThrow('EPERM');
});

test('elsewhere the first failure counts', () => {
  expect(() => whileInUse(failing(1, 'EACCES'))).toThrow('EACCES');
});
