import { expect, test } from 'vitest';
import { redactText } from '../../src/operations/redact/redact-secrets.ts';
import { vendorRules } from '../../src/operations/redact/secrets/vendor-rules.ts';

/** In milliseconds; no linear expression needs this long for such a text. */
const FAR_TOO_LONG_MS = 20_000;
const LENGTH = 200_000;

const UNITS = [
  ...[
    'A',
    '1',
    '_',
    '=',
    ':',
    "'",
    '`',
    '\\',
    ' ',
    '\n',
    '/',
    '@',
    '<',
    '(',
    '{',
    '$',
    '%',
    '&',
    'ab ',
    'a-',
    'key="',
    "key='",
  ],
  ...[
    'password=',
    'token ',
    'a://b:',
    'a://b:c@',
    'curl "',
    'mysql -p',
    'echo ',
    '| ',
    '<private>',
    '</private>',
    '🚀',
  ],
  ...[
    '-----END PRIVATE KEY-----',
    '-----BEGIN ',
    'authorization: ',
    '"authorization":"',
    'cookie: a=',
    '; a=',
    'bearer a',
  ],
  ...[
    'eyJa.',
    'ghp_',
    'sk-',
    'xoxb-1-',
    '1:',
    'login a password ',
    'identified by ',
    'auth=("a",',
    '--password ',
    '--token="',
  ],
  ...[
    'AccountKey=',
    'define("password",',
    'name="password" value=',
    'Private-Lines: 1\n',
    '\\n',
    '\\"',
    'é',
    '1a',
    'http-basic.',
  ],
];

test.each(UNITS.map((unit) => [unit]))('redacts 200 kB of %j in linear time', (unit) => {
  expectInTime(() => redactText(unit.repeat(LENGTH / unit.length)));
});

test('each vendor rule needs linear time for its keywords and any following text', () => {
  for (const { keywords, source, flags } of vendorRules()) {
    for (const keyword of keywords) {
      for (const tail of ['', ' ', '= ', 'a', 'A1', '.', '_-', '\t', '-1-1-', ` = "${'a'.repeat(38)} `]) {
        const text = `${keyword}${tail}`.repeat(20_000 / (keyword.length + tail.length));
        expectInTime(() => text.replace(new RegExp(source, flags), ''));
      }
    }
  }
});

function expectInTime(run: () => void): void {
  const startedAt = performance.now();
  run();
  expect(performance.now() - startedAt).toBeLessThan(FAR_TOO_LONG_MS);
}
