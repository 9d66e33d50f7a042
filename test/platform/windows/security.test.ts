import { expect, test } from 'vitest';
import { judgeAccess, textOfSid } from '../../../src/platform/windows/judge-access.ts';
import { pidOfListener } from '../../../src/platform/windows/parse-listeners.ts';
import { type AccessEntry, parseSecurity } from '../../../src/platform/windows/native/parse-security.ts';
import { restrictTo } from '../../../src/platform/windows/native/security.ts';
import { fakeNative } from './fake-native.ts';

/** A SID of an authority below 2^32. */
function sid(authority: number, ...parts: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 + 4 * parts.length);
  bytes.writeUInt8(1, 0);
  bytes.writeUInt8(parts.length, 1);
  bytes.writeUIntBE(authority, 2, 6);
  parts.forEach((part, index) => bytes.writeUInt32LE(part, 8 + 4 * index));
  return bytes;
}

const ME = sid(5, 21, 1, 2, 3, 1001);
const OTHER = sid(5, 21, 1, 2, 3, 1002);
const EVERYONE = sid(1, 0);
const ADMINISTRATORS = sid(5, 32, 544);
const SYSTEM = sid(5, 18);
const READ = 0x12_0089;
const FULL = 0x1f_01ff;

const allow = (who: Buffer, mask: number): AccessEntry => ({ type: 0, flags: 0, mask, sid: who });
const judge = (owner: Buffer | undefined, ...access: readonly AccessEntry[]) =>
  judgeAccess({ owner, access }, textOfSid(ME));

test('the descriptor that restricts an object to a user has that owner, and an entry for that user alone', () => {
  let written: Buffer = Buffer.alloc(0);
  const native = {
    ...fakeNative([]),
    setSecurity: (...values: readonly unknown[]) => ((written = values[2] as Buffer), 0),
  };
  expect(restrictTo(native, 4, ME)).toBe(true);
  expect(parseSecurity(written)).toEqual({
    owner: ME,
    access: [
      { type: 1, flags: 0, mask: FULL, sid: sid(5, 2) },
      { type: 0, flags: 0, mask: FULL, sid: ME },
    ],
  });
});

test('a descriptor without a list admits every user', () => {
  const bytes = Buffer.alloc(20 + ME.length);
  bytes.writeUInt32LE(20, 4);
  ME.copy(bytes, 20);
  const security = parseSecurity(bytes);
  expect(security).toEqual({ owner: ME, access: undefined });
  expect(judgeAccess(security, textOfSid(ME))).toMatchObject({ isOwn: true, writers: ['Everyone'] });
});

test('a folder of this user, with Windows and administrators, is open to no other user', () => {
  const access = judge(ME, allow(ME, FULL), allow(SYSTEM, FULL), allow(ADMINISTRATORS, FULL), allow(sid(3, 0), FULL));
  expect(access).toEqual({ isOwn: true, writers: [], readers: [] });
  expect(judge(ADMINISTRATORS, allow(ME, FULL)).isOwn).toBe(true);
});

test('other users who may read or write are named', () => {
  const access = judge(ME, allow(EVERYONE, READ), allow(OTHER, FULL), allow(sid(5, 11), 0x4000_0000));
  expect(access.readers).toEqual(['Everyone', 'S-1-5-21-1-2-3-1002']);
  expect(access.writers).toEqual(['S-1-5-21-1-2-3-1002', 'authenticated users']);
});

test.each([0x2, 0x4, 0x40, 0x1_0000, 0x4_0000, 0x8_0000, 0x1000_0000, 0x4000_0000])('the right 0x%s writes', (mask) => {
  expect(judge(ME, allow(EVERYONE, mask)).writers).toEqual(['Everyone']);
});

test('a right to traverse or to read attributes is no right to read or to write', () => {
  expect(judge(ME, allow(EVERYONE, 0x12_00a0))).toMatchObject({ writers: [], readers: [] });
});

test("another user's folder is not this user's", () => {
  expect(judge(OTHER, allow(ME, FULL)).isOwn).toBe(false);
});

test.each([
  [24, 8, 20],
  [56, 20, 52],
])('a listener is found by its port in rows of %i bytes', (rowBytes, portAt, pidAt) => {
  const table = Buffer.alloc(4 + 2 * rowBytes);
  table.writeUInt32LE(2);
  table.writeUInt16BE(80, 4 + portAt);
  table.writeUInt16BE(37_777, 4 + rowBytes + portAt);
  table.writeUInt32LE(4_242, 4 + rowBytes + pidAt);
  const layout = { rowBytes, portAt, pidAt };
  expect(pidOfListener(table, 37_777, layout)).toBe(4_242);
  expect(pidOfListener(table, 8_080, layout)).toBeUndefined();
});
