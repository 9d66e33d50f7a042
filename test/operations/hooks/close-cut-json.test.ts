import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closeCutJson } from '../../../src/operations/hooks/close-cut-json.ts';

test.each([
  ['{"a":"b', { a: 'b' }],
  ['{"a":"b\\', { a: 'b' }],
  ['{"a":"b\\u00', { a: 'b' }],
  ['{"a":"b\\\\', { a: 'b\\' }],
  ['{"a":1,"b":{"c":[1,2', { a: 1, b: { c: [1] } }],
  ['{"a":"x","key', { a: 'x' }],
  ['{"a":"x","key":', { a: 'x' }],
  ['{"a":"x","key":tru', { a: 'x' }],
  ['{"a":[{"b":"}"', { a: [{ b: '}' }] }],
])('%s is repaired', (cut, expected) => {
  expect(JSON.parse(closeCutJson(cut))).toEqual(expected);
});

test('an object cut at any position can be parsed after the repair', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (value, part) => {
        const text = JSON.stringify(value);
        const cut = text.slice(0, Math.max(1, Math.round(text.length * part)));
        expect(typeof JSON.parse(closeCutJson(cut))).toBe('object');
      },
    ),
  );
});

test('a complete document is unchanged', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(closeCutJson(JSON.stringify([value]))).toBe(JSON.stringify([value]));
    }),
  );
});
