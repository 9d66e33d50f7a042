import { expect, test } from 'vitest';
import { parseReaderStatus } from '../../../../src/platform/linux/table/reader-status.ts';

test('reads CAP_SYS_PTRACE', () => {
  expect(parseReaderStatus('NSpid:\t42\nCapEff:\t000001ffffffffff\n')).toEqual({ pids: [42], mayTrace: true });
  expect(parseReaderStatus('NSpid:\t42\nCapEff:\t000001fffff7ffff\n')).toEqual({ pids: [42], mayTrace: false });
  // Old kernels set the bits that have no name too.
  expect(parseReaderStatus('NSpid:\t42\nCapEff:\tffffffffffffffff\n').mayTrace).toBe(true);
});

test('reads one pid per namespace from an outer /proc', () => {
  expect(parseReaderStatus('NSpid:\t42\t42\nCapEff:\t0000000000000000\n').pids).toEqual([42, 42]);
});

test('assumes no capability and no pid if the fields are missing', () => {
  expect(parseReaderStatus('')).toEqual({ pids: [], mayTrace: false });
});
