import { expect, test } from 'vitest';
import { hashPlatformUuid } from '../../../src/platform/posix/platform-uuid.ts';

const IOREG = `+-o Mac14,2  <class IOPlatformExpertDevice, id 0x100000218>
    {
      "IOPlatformSerialNumber" = "X0Y1Z2"
      "IOPlatformUUID" = "9C2A7B10-1111-5222-8333-ABCDEF012345"
    }`;

test('distinguishes machines without revealing their ids', () => {
  const id = hashPlatformUuid(IOREG);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(hashPlatformUuid(IOREG.replace('9C2A', '9C2B'))).not.toBe(id);
});

test('returns undefined without a hardware UUID', () => {
  expect(hashPlatformUuid('')).toBeUndefined();
});
