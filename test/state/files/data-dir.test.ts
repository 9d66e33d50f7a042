import { chownSync, existsSync, mkdirSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assertOwner, ensureDataDir, resolveDataDir } from '../../../src/state/files/data-dir.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { anError } from '../an-error.ts';

const isRoot = process.geteuid?.() === 0;

describe('resolveDataDir', () => {
  test('prefers the flag, then the environment, then the home directory', () => {
    const folder = tempDir();
    const env = { CLAUDE_MEM_DATA_DIR: join(folder, 'env') };
    expect(resolveDataDir({ flag: join(folder, 'flag'), env, home: folder })).toBe(join(folder, 'flag'));
    expect(resolveDataDir({ env, home: folder })).toBe(join(folder, 'env'));
    expect(resolveDataDir({ env: {}, home: folder })).toBe(join(folder, '.claude-mem'));
  });

  test('treats an empty variable as absent and an empty flag as an error', () => {
    const folder = tempDir();
    expect(resolveDataDir({ env: { CLAUDE_MEM_DATA_DIR: '' }, home: folder })).toBe(join(folder, '.claude-mem'));
    expect(() => resolveDataDir({ flag: '', env: {}, home: folder })).toThrow(/--data-dir is empty/);
  });

  test('uses the home directory of the user by default', () => {
    expect(resolveDataDir({ env: {} })).toMatch(/[/\\]\.claude-mem$/);
    expect(resolveDataDir({ env: { CLAUDE_MEM_DATA_DIR: '~' } })).toBe(realpathSync(homedir()));
  });

  test('expands ~ and makes relative paths absolute', () => {
    const folder = tempDir();
    expect(resolveDataDir({ flag: '~/memory', env: {}, home: folder })).toBe(join(folder, 'memory'));
    expect(resolveDataDir({ flag: 'memory', env: {}, home: folder })).toBe(join(realpathSync('.'), 'memory'));
  });

  test('creates nothing, and resolves a missing data dir to its later path', () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    const before = resolveDataDir({ flag: join(folder, 'link', 'a', 'b'), env: {} });
    expect(before).toBe(join(folder, 'real', 'a', 'b'));
    expect(existsSync(join(folder, 'real', 'a'))).toBe(false);
    expect(ensureDataDir(before)).toBe(before);
    expect(resolveDataDir({ flag: join(folder, 'link', 'a', 'b'), env: {} })).toBe(before);
  });

  test.each([
    [
      'a file',
      (path: string) => {
        writeFileSync(path, '');
      },
      '',
      /is a file/,
    ],
    [
      'a file in the middle of the path',
      (path: string) => {
        writeFileSync(path, '');
      },
      '/below',
      /is a file/,
    ],
    [
      'a link without a target',
      (path: string) => {
        symlinkSync('/nowhere/at/all', path);
      },
      '',
      /is a link to \/nowhere/,
    ],
    [
      'a loop of links',
      (path: string) => {
        symlinkSync(path, path);
      },
      '',
      /ELOOP/,
    ],
    ['a name that is too long', () => undefined, 'x'.repeat(300), /ENAMETOOLONG/],
  ])('refuses %s', (_what, prepare, suffix, message) => {
    const path = join(tempDir(), 'data');
    prepare(path);
    expect(() => resolveDataDir({ flag: path + suffix, env: {} })).toThrow(anError('data-dir', message));
  });

  test('reports a missing home directory', () => {
    expect(() => resolveDataDir({ env: {}, home: '' })).toThrow(/no home directory/);
  });
});

describe('ensureDataDir', () => {
  test('creates the data dir for this user only and keeps the mode of an existing one', () => {
    const folder = tempDir();
    expect(statSync(ensureDataDir(join(folder, 'a', 'b'))).mode & 0o777).toBe(0o700);
    mkdirSync(join(folder, 'plugin'), { mode: 0o755 });
    expect(statSync(ensureDataDir(join(folder, 'plugin'))).mode & 0o777).toBe(0o755);
  });

  test.runIf(process.platform === 'linux')('fails if the file system does not support creating folders', () => {
    expect(() => ensureDataDir('/proc/claude-mem/data')).toThrow(anError('data-dir'));
  });

  test('names the path that cannot be created', () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    expect(() => ensureDataDir(join(file, 'data'))).toThrow(anError('data-dir'));
  });
});

describe('assertOwner', () => {
  test('accepts a data dir of this user and a missing one', () => {
    const folder = tempDir();
    expect(() => {
      assertOwner(folder);
    }).not.toThrow();
    expect(() => {
      assertOwner(join(folder, 'new'));
    }).not.toThrow();
  });

  test("refuses another user's data dir, even for root, and a new one inside another user's folder", (context) => {
    if (!isRoot) context.skip('needs root: only root can give a folder away');
    const folder = tempDir();
    chownSync(folder, 65534, 65534);
    expect(() => {
      assertOwner(folder);
    }).toThrow(anError('not-owner', '65534'));
    expect(() => ensureDataDir(join(folder, 'new'))).toThrow(anError('not-owner'));
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });
});
