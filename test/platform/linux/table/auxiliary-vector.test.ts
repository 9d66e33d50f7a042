import { describe, expect, test } from 'vitest';
import { parsePageBytes } from '../../../../src/platform/linux/table/auxiliary-vector.ts';

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
