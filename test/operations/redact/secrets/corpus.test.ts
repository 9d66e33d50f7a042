import { expect, test } from 'vitest';
import { redactText } from '../../../../src/operations/redact/redact-secrets.ts';
import { isGone, readLines, readSecretLines } from './corpus.ts';

// The unseen files were written last: of the first half nothing was known to the rules, of the second some kinds were added.
const secretLines = [...readSecretLines('secrets.txt'), ...readSecretLines('unseen-secrets.txt')];
const ordinaryLines = [...readLines('ordinary.txt'), ...readLines('unseen-ordinary.txt')];

test('at least 97 % of at least 150 forms of secrets are redacted', () => {
  const left = secretLines.filter(({ text, secrets }) => {
    const redacted = redactText(text);
    return !secrets.every((secret) => isGone(secret, redacted));
  });
  expect(secretLines.length).toBeGreaterThanOrEqual(150);
  expect(secretLines.every(({ secrets }) => secrets.length > 0)).toBe(true);
  const most = Math.floor(secretLines.length * 0.03);
  expect(left.length, left.map(({ template }) => template).join('\n')).toBeLessThanOrEqual(most);
});

test('at least 99 % of at least 150 lines of code, logs and prose are unchanged', () => {
  const changed = ordinaryLines.filter((line) => redactText(line) !== line);
  expect(ordinaryLines.length).toBeGreaterThanOrEqual(150);
  expect(changed.length, changed.map((line) => `${line} -> ${redactText(line)}`).join('\n')).toBeLessThanOrEqual(
    Math.floor(ordinaryLines.length * 0.01),
  );
});

test('ordinary lines joined to one text are unchanged', () => {
  const lines = ordinaryLines.join('\n\n').split('\n');
  const redacted = redactText(lines.join('\n')).split('\n');
  const changed = lines.filter((line, at) => redacted[at] !== line);
  expect(changed.length, changed.join('\n')).toBeLessThanOrEqual(Math.floor(ordinaryLines.length * 0.01));
});

test('redacting a second time changes nothing', () => {
  for (const { text } of secretLines) {
    const once = redactText(text);
    expect(redactText(once)).toBe(once);
  }
});

test.each([
  ['const key = `login:${ip}`;'],
  ['token = await getToken(user)'],
  ['f(password: string)'],
  ['token: 12'],
  ['pass: 28 checks'],
])('%s is not a secret', (line) => {
  expect(redactText(line)).toBe(line);
});

test.each([
  ['curl -u bob:hunter2 https://x', 'curl -u bob:[redacted] https://x'],
  ['mysql -u root -phunter2 shop', 'mysql -u root -p[redacted] shop'],
  ['sshpass -p hunter2 ssh h', 'sshpass -p [redacted] ssh h'],
  ['machine h login bob password hunter2', 'machine h login bob password [redacted]'],
  ['Cookie: a=12345; b=67890', 'Cookie: a=[redacted]; b=[redacted]'],
  ['Authorization: Custom abc123', 'Authorization: Custom [redacted]'],
  ['psql postgres://app:hunter2@db/shop', 'psql postgres://[redacted]@db/shop'],
  ['Server=db;Password=hunter2;Encrypt=true', 'Server=db;Password=[redacted];Encrypt=true'],
])('only the secret is redacted in %s', (line, redacted) => {
  expect(redactText(line)).toBe(redacted);
});
