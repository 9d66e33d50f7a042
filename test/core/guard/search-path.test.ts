import { describe, expect, test } from 'vitest';
import { isShortLived, isVersioned, searchPatterns } from '../../../src/core/guard/search-path.ts';

const patternOf = (folder: string) => searchPatterns([folder]).map((pattern) => pattern.join('*'));

describe('folders of a PATH', () => {
  test.each([
    ['/home/u/.nvm/versions/node/v22.1.0/bin', '/home/u/.nvm/versions/node/v*/bin'],
    ['/opt/homebrew/Cellar/node/22.1.0/bin', '/opt/homebrew/Cellar/node/*/bin'],
    ['/opt/homebrew/opt/node@22/bin', '/opt/homebrew/opt/node@*/bin'],
    ['/opt/node-v22.1.0-linux-x64/bin', '/opt/node-v*/bin'],
    [String.raw`C:\tools\node-v22.1.0\bin`, String.raw`C:\tools\node-v*\bin`],
    [
      '/home/u/.local/share/fnm/node-versions/v20.1.1/installation/bin',
      '/home/u/.local/share/fnm/node-versions/v*/installation/bin',
    ],
  ])('a folder of one version becomes a pattern: %s', (folder, pattern) => {
    expect(patternOf(folder)).toEqual([pattern]);
    expect(isVersioned(folder)).toBe(true);
  });

  test.each([
    '/usr/bin',
    '/home/john-2/bin',
    '/home/2024/bin',
    '/home/node-18/bin',
    '/usr/lib/jvm/java-17/bin',
    '/home/u3/bin',
  ])('a name with a number that may be a user stays as it is: %s', (folder) => {
    expect(patternOf(folder)).toEqual([folder]);
  });

  test('folders of one shell, of npx and of a project are left out', () => {
    const folders = [
      '/run/user/1/fnm_multishells/1_2/bin',
      '/home/u/.npm/_npx/0a1b/node_modules/.bin',
      '/p/node_modules/.bin',
    ];
    expect(searchPatterns(folders)).toEqual([]);
    expect(folders.map(isShortLived)).toEqual([true, true, false]);
  });

  test('two versions of one folder are searched once', () => {
    expect(searchPatterns(['/n/v20.1.0/bin', '/usr/bin', '/n/v22.1.0/bin', '/usr/bin'])).toEqual([
      ['/n/v', '/bin'],
      ['/usr/bin'],
    ]);
  });
});
