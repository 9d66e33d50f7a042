import { describe, expect, test } from 'vitest';
import { parseSmapsRollup } from '../../../../src/platform/linux/table/smaps-rollup.ts';

const ROLLUP = `55d0c0a00000-7ffd1a3ff000 ---p 00000000 00:00 0                          [rollup]
Rss:               48932 kB
Pss:               31022 kB
Pss_Dirty:         20480 kB
Pss_Anon:          20480 kB
Shared_Clean:      20000 kB
Swap:               1024 kB
SwapPss:             512 kB
Locked:                0 kB
`;

describe('parseSmapsRollup', () => {
  test('reads PSS and SwapPss in bytes', () => {
    expect(parseSmapsRollup(ROLLUP)).toEqual({ pssBytes: 31_022 * 1024, swapBytes: 512 * 1024 });
  });

  test('uses Swap if SwapPss is missing', () => {
    expect(parseSmapsRollup(ROLLUP.replace(/^SwapPss.*\n/m, ''))).toMatchObject({ swapBytes: 1024 * 1024 });
  });

  test.each(['', 'Rss: 1 kB\n', 'Pss: many kB\n'])('reads nothing from %j', (text) => {
    expect(parseSmapsRollup(text)).toEqual({});
  });
});
