import { expect, test } from 'vitest';
import { BoundedLines } from '../../../src/platform/posix/bounded-lines.ts';

const KIB = 1024;
const TOTAL = 1024 * KIB;

/** Passes a text in chunks of this size. */
function textOf(text: string, chunkBytes: number): { text: string; isCut: boolean } {
  const lines = new BoundedLines(TOTAL);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) lines.add(bytes.subarray(at, at + chunkBytes));
  return { text: lines.text(), isCut: lines.isCut };
}

test.each([1, 7, 64 * KIB, TOTAL])('returns short lines unchanged, in chunks of %i bytes', (chunkBytes) => {
  const text = 'one\n  2 zoë \n\nthree\n';
  expect(textOf(text, chunkBytes)).toEqual({ text, isCut: false });
});

test.each([1_000, 64 * KIB, TOTAL])('marks a line of the maximum length as cut', (chunkBytes) => {
  const long = `42 ${'x'.repeat(128 * KIB - 4)}`;
  expect(textOf(`one\n${long}\nthree\n`, chunkBytes).text).toBe(`one\n${long.slice(0, 4_096)}\0\nthree\n`);
  const short = long.slice(0, 127 * KIB);
  expect(textOf(`${short}\n`, chunkBytes).text).toBe(`${short}\n`);
});

test('keeps only the beginning of a line far beyond the limit', () => {
  expect(textOf('x'.repeat(900 * KIB), 64 * KIB).text).toHaveLength(4_096 + 1 + 1);
});

test('cuts the output at the total and reports it', () => {
  const { text, isCut } = textOf('8123 line\n'.repeat(TOTAL / 4), 1_003);
  expect(isCut).toBe(true);
  expect(text.length).toBeLessThanOrEqual(TOTAL);
  expect(text).toMatch(/^(?:8123 line\n)+$/);
});
