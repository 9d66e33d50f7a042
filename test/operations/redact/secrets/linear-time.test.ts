import { expect, test } from 'vitest';
import { redactText } from '../../../../src/operations/redact/redact-secrets.ts';
import { vendorRules } from '../../../../src/operations/redact/secrets/vendor-rules.ts';

/** Time that no linear expression needs for such a text, even on a loaded machine; a quadratic one needs minutes. Milliseconds. */
const FAR_TOO_LONG_MS = 20_000;
const LENGTH = 120_000;

function expectInTime(text: string): void {
  const startedAt = performance.now();
  redactText(text);
  expect(performance.now() - startedAt).toBeLessThan(FAR_TOO_LONG_MS);
}

test.each(
  [
    'a',
    'a.',
    '-',
    '"',
    'a://',
    'key=',
    'password: "',
    'eyJ',
    '-----BEGIN PRIVATE KEY-----',
    '<private ',
    'curl -u ',
  ].map((unit) => [unit]),
)('120 kB of %j are redacted in linear time', (unit) => {
  expectInTime(unit.repeat(LENGTH / unit.length));
});

test('no rule of a vendor has an unbounded repetition', () => {
  const unbounded = vendorRules().filter(({ source }) => {
    const plain = source.replace(/\\./g, '').replace(/\[[^\]]*\]/g, '');
    return /[+*]|\{\d+,\}/.test(plain);
  });
  expect(unbounded.map(({ id }) => id)).toEqual([]);
});
