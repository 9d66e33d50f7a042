import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codeFolder, readCode, writeCode } from '../../../src/wiring/entry/code-cache.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const CODE = Buffer.from('compiled code');

/** A cache with one file. */
function aCache(): { readonly folder: string; readonly file: string } {
  const folder = join(tempDir(), 'claude-mem-cli', 'code');
  writeCode(folder, 'leaks.bin', () => CODE);
  return { folder, file: join(folder, 'leaks.bin') };
}

test('returns the code that was written, in a private file', () => {
  const { folder, file } = aCache();
  expect(readCode(file)).toEqual(CODE);
  expect(readdirSync(folder)).toEqual(['leaks.bin']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test('code with any damaged byte is not returned, because V8 would crash on it', () => {
  const { file } = aCache();
  const whole = readFileSync(file);
  for (const index of whole.keys()) {
    const damaged = Buffer.from(whole);
    damaged[index]! ^= 1;
    writeFileSync(file, damaged);
    expect(readCode(file)).toBeUndefined();
  }
});

test.each([0, 1, CODE.length, 2 * CODE.length - 1])('code that is cut after %i bytes is not returned', (length) => {
  const { file } = aCache();
  truncateSync(file, length);
  expect(readCode(file)).toBeUndefined();
});

test('a file that others may write is not returned', () => {
  const { file } = aCache();
  chmodSync(file, 0o620);
  expect(readCode(file)).toBeUndefined();
});

test('a link, a folder and a missing file are not returned', () => {
  const { folder, file } = aCache();
  symlinkSync(file, join(folder, 'link.bin'));
  mkdirSync(join(folder, 'folder.bin'));
  for (const name of ['link.bin', 'folder.bin', 'missing.bin']) expect(readCode(join(folder, name))).toBeUndefined();
});

test('a file of another user is not returned, and nothing is written into a folder of another user', (context) => {
  if (process.geteuid?.() !== 0) context.skip('only root can give a file away');
  const { folder, file } = aCache();
  chownSync(file, 65534, 65534);
  expect(readCode(file)).toBeUndefined();
  chownSync(folder, 65534, 65534);
  writeCode(folder, 'status.bin', () => CODE);
  expect(existsSync(join(folder, 'status.bin'))).toBe(false);
  const home = tempDir();
  chownSync(home, 65534, 65534);
  expect(codeFolder({ HOME: home })).toBeUndefined();
});

test('a folder that is a link or that others may write gets nothing', () => {
  const { folder } = aCache();
  chmodSync(folder, 0o770);
  writeCode(folder, 'status.bin', () => CODE);
  const linked = join(tempDir(), 'code');
  symlinkSync(tempDir(), linked);
  writeCode(linked, 'status.bin', () => CODE);
  for (const each of [folder, linked]) expect(existsSync(join(each, 'status.bin'))).toBe(false);
});

test('a folder that cannot be created is no error, and no code is serialized for it', () => {
  const file = join(tempDir(), 'file');
  writeFileSync(file, '');
  writeCode(join(file, 'claude-mem-cli', 'code'), 'leaks.bin', () => {
    throw new Error('serialized');
  });
  expect(readFileSync(file, 'utf8')).toBe('');
});

test('nothing is left of a write that failed', () => {
  const { folder } = aCache();
  writeCode(folder, 'status.bin', () => {
    throw new Error('no memory');
  });
  expect(readdirSync(folder)).toEqual(['leaks.bin']);
});

test('the oldest files are removed beyond 48 MB', () => {
  const { folder, file } = aCache();
  utimesSync(file, 1, 1);
  for (const name of ['a.bin', 'b.bin', 'c.bin', 'd.bin']) writeCode(folder, name, () => Buffer.alloc(7 << 20));
  expect(readdirSync(folder).sort()).toEqual(['b.bin', 'c.bin', 'd.bin']);
});

test.each<NodeJS.ProcessEnv>([{}, { HOME: 'relative' }, { HOME: '/does/not/exist' }])(
  'without a usable home there is no cache: %j',
  (env) => {
    expect(codeFolder(env)).toBeUndefined();
  },
);

test('NODE_DISABLE_COMPILE_CACHE turns the cache off', () => {
  const HOME = tempDir();
  expect(codeFolder({ HOME })).toBeDefined();
  expect(codeFolder({ HOME, NODE_DISABLE_COMPILE_CACHE: '1' })).toBeUndefined();
});

test('the folder is in the cache folder of the user, or where the environment puts it', () => {
  const [home, xdg, chosen] = [tempDir(), tempDir(), tempDir()];
  const ofSystem = process.platform === 'darwin' ? 'Library/Caches' : '.cache';
  expect(codeFolder({ HOME: home })).toBe(join(home, ofSystem, 'claude-mem-cli/code'));
  expect(codeFolder({ HOME: home, XDG_CACHE_HOME: xdg })).toBe(join(xdg, 'claude-mem-cli/code'));
  expect(codeFolder({ HOME: home, XDG_CACHE_HOME: xdg, NODE_COMPILE_CACHE: chosen })).toBe(
    join(chosen, 'claude-mem-cli/code'),
  );
});
