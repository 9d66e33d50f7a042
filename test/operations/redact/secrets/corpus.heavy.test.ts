import { expect, test } from 'vitest';
import { redactText } from '../../../../src/operations/redact/redact-secrets.ts';
import { isGone, readLines, readSecretLines } from './corpus.ts';

const secretLines = [...readSecretLines('secrets.txt'), ...readSecretLines('unseen-secrets.txt')];
const ordinaryLines = [...readLines('ordinary.txt'), ...readLines('unseen-ordinary.txt')];

test('a secret is redacted among other lines as on its own', () => {
  const filler = ordinaryLines.slice(0, 20).join('\n');
  const left = secretLines.filter(({ text, secrets }) => {
    const redacted = redactText(`${filler}\n${text}\n${filler}`);
    return !secrets.every((secret) => isGone(secret, redacted));
  });
  expect(left.length, left.map(({ template }) => template).join('\n')).toBeLessThanOrEqual(
    Math.floor(secretLines.length * 0.03),
  );
});
