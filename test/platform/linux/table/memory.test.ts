import { describe, expect, test } from 'vitest';
import { parsePageBytes, parseSmapsRollup } from '../../../../src/platform/linux/table/memory.ts';

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

describe('parsePageBytes', () => {
  test.each([
    ['x64', 4096n],
    ['arm64', 65_536n],
  ])('finds the page size of %s', (arch, size) => {
    const vector = Buffer.alloc(48);
    [33n, 0x7f11n, 6n, size, 0n, 0n].forEach((word, index) => vector.writeBigUInt64LE(word, index * 8));
    expect(parsePageBytes(vector, arch)).toBe(Number(size));
  });

  test('finds the page size in the 32-bit words of a 32-bit system', () => {
    const vector = Buffer.alloc(16);
    [33, 1, 6, 4096].forEach((word, index) => vector.writeUInt32LE(word, index * 4));
    expect(parsePageBytes(vector, 'arm')).toBe(4096);
  });

  test.each([Buffer.alloc(0), Buffer.alloc(12), Buffer.alloc(64)])(
    'finds no page size in a vector without one',
    (vector) => {
      expect(parsePageBytes(vector, 'x64')).toBeUndefined();
    },
  );
});
