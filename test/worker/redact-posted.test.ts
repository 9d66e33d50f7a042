import { expect, test } from 'vitest';
import { redactPosted } from '../../src/worker/redact-posted.ts';

const SECRET = 'quietRiver88';
const KEY = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEpAIBAAKCAQEA0Zx9yQ8s7T6u5V4w3X2y1Z0aBcDeFgHiJkLmNoPqRsTuVwXy\n'.repeat(25)}-----END RSA PRIVATE KEY-----`;

test.each([10_000, 16_370, 16_384, 16_400, 33_000, 900_000])(
  'redacts a secret after %i characters of a posted text',
  async (length) => {
    const filler = 'one two three\n'.repeat(Math.ceil(length / 14)).slice(0, length - 1);
    const { text } = await redactPosted({ text: `${filler}\nDB_PASSWORD=${SECRET}\nfour five` });
    expect(text).toBe(`${filler}\nDB_PASSWORD=[redacted]\nfour five`);
  },
);

test('redacts a key at any boundary between pieces of a long text', async () => {
  for (let length = 14_000; length < 17_000; length += 250) {
    const filler = 'one two three\n'.repeat(Math.ceil(length / 14)).slice(0, length - 1);
    const { text } = await redactPosted({ text: `${filler}\n${KEY}\nfour` });
    expect(text).toBe(`${filler}\n[redacted]\nfour`);
  }
});

test('removes a private part of any length completely from a posted text', async () => {
  const text = `one <private>${'HIDDEN '.repeat(10_000)}</private> two`;
  expect(await redactPosted({ text })).toEqual({ text: 'one [private] two' });
});

test('lets other work run while a long posted text is redacted', async () => {
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await redactPosted({ text: 'const token = await getToken(user);\n'.repeat(10_000) });
  isDone = true;
  expect(turns).toBeGreaterThan(10);
});

test('keeps names, numbers and lists in a posted body', async () => {
  const posted = { title: 'a', files: ['b', 'c'], text: '' };
  expect(await redactPosted(posted)).toEqual(posted);
});
