import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureToken, readToken } from '../../../src/state/control/token.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { anError } from '../an-error.ts';

test('creates a private token once and keeps it', () => {
  const dataDir = tempDir();
  expect(readToken(dataDir)).toBeUndefined();
  expect(existsSync(join(dataDir, 'token'))).toBe(false);
  const token = ensureToken(dataDir);
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  expect(statSync(join(dataDir, 'token')).mode & 0o777).toBe(0o600);
  expect([ensureToken(dataDir), readToken(dataDir)]).toEqual([token, token]);
  expect(readdirSync(dataDir)).toEqual(['token']);
});

test('each data dir has its own token', () => {
  expect(ensureToken(tempDir())).not.toBe(ensureToken(tempDir()));
});

test('a token that others could read becomes private again', () => {
  const dataDir = tempDir();
  const token = ensureToken(dataDir);
  chmodSync(join(dataDir, 'token'), 0o644);
  expect(readToken(dataDir)).toBe(token);
  expect(statSync(join(dataDir, 'token')).mode & 0o777).toBe(0o644);
  expect(ensureToken(dataDir)).toBe(token);
  expect(statSync(join(dataDir, 'token')).mode & 0o777).toBe(0o600);
});

test.each(['', 'secret', `${'a'.repeat(63)}\n`, 'A'.repeat(64), 'x'.repeat(10_000)])(
  'a token file that contains %j is refused and left unchanged',
  (text) => {
    const dataDir = tempDir();
    writeFileSync(join(dataDir, 'token'), text);
    expect(() => ensureToken(dataDir)).toThrow(anError('io', /contains no token|cannot use the token file/));
    expect(() => readToken(dataDir)).toThrow(anError('io', /contains no token|cannot use the token file/));
    expect(readFileSync(join(dataDir, 'token'), 'utf8')).toBe(text);
  },
);

test('a folder in place of the token file is an error that names it', () => {
  const dataDir = tempDir();
  mkdirSync(join(dataDir, 'token'));
  expect(() => ensureToken(dataDir)).toThrow(anError('io', join(dataDir, 'token')));
});

test('a token that cannot be created leaves no file', () => {
  const dataDir = join(tempDir(), 'missing');
  expect(() => ensureToken(dataDir)).toThrow(anError('io', 'cannot create'));
});
