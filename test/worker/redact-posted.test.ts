import { expect, test } from 'vitest';
import { redactPosted } from '../../src/worker/redact-posted.ts';

const SECRET = 'quietRiver88';
const KEY = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEpAIBAAKCAQEA0Zx9yQ8s7T6u5V4w3X2y1Z0aBcDeFgHiJkLmNoPqRsTuVwXy\n'.repeat(25)}-----END RSA PRIVATE KEY-----`;

test.each([10_000, 16_370, 16_384, 16_400, 33_000, 900_000])(
  'a secret behind %i characters of a posted text is redacted',
  async (length) => {
    const filler = 'one two three\n'.repeat(Math.ceil(length / 14)).slice(0, length - 1);
    const { text } = await redactPosted({ text: `${filler}\nDB_PASSWORD=${SECRET}\nfour five` });
    expect(text).toBe(`${filler}\nDB_PASSWORD=[redacted]\nfour five`);
  },
);

test('a key is redacted wherever a long text is cut in pieces', async () => {
  for (let length = 14_000; length < 17_000; length += 250) {
    const filler = 'one two three\n'.repeat(Math.ceil(length / 14)).slice(0, length - 1);
    const { text } = await redactPosted({ text: `${filler}\n${KEY}\nfour` });
    expect(text).toBe(`${filler}\n[redacted]\nfour`);
  }
});

test('a private part is taken out of a posted text as a whole, however long it is', async () => {
  const text = `one <private>${'HIDDEN '.repeat(10_000)}</private> two`;
  expect(await redactPosted({ text })).toEqual({ text: 'one [private] two' });
});

test('other work is done while a long posted text is redacted', async () => {
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

test('names, numbers and lists of what was posted stay as they are', async () => {
  const posted = { title: 'a', files: ['b', 'c'], text: '' };
  expect(await redactPosted(posted)).toEqual(posted);
});
