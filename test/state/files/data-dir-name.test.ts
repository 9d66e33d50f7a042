import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingError, resolveDataDir } from '../../../src/state/files/data-dir.ts';
import { assertNoMisspeltVariable, nearestFolder } from '../../../src/state/files/data-dir-name.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a data dir that only a shell would understand', () => {
  const home = '/home/ada';
  test.each([
    ['$HOME/x', 'Did you mean /home/ada/x?', /\$HOME was not expanded/],
    ['${HOME}/x', 'Did you mean /home/ada/x?', /was not expanded/],
    ['$env:USERPROFILE/x', 'Did you mean /home/ada/x?', /was not expanded/],
    ['%USERPROFILE%\\x', 'Did you mean /home/ada/x?', /%USERPROFILE% was not expanded/],
    ['$NOWHERE/x', 'Use the absolute path', /was not expanded/],
    ['/srv/$MEM/x', 'Did you mean /srv/memory/x?', /\$MEM was not expanded/],
    ['"/home/ada/x"', 'Did you mean /home/ada/x?', /quotes/],
    ["'~/x'", 'Did you mean /home/ada/x?', /quotes/],
    ['~bob/x', 'Use the absolute path', /named user/],
    ['file:///home/ada/x', 'Did you mean /home/ada/x?', /not a URL/],
    ['memory', `Did you mean ${join(process.cwd(), 'memory')}?`, /relative/],
  ])('%s in the environment is refused, and the path that was meant is named', (text, hint, message) => {
    const error = thrownBy(() => resolveDataDir({ env: { CLAUDE_MEM_DATA_DIR: text, MEM: 'memory' }, home }));
    expect(error).toMatchObject({
      code: 'data-dir',
      message: expect.stringMatching(message) as string,
      hint: expect.stringContaining(hint) as string,
    });
  });

  test('~/x needs no shell', () => {
    const folder = tempDir();
    expect(resolveDataDir({ env: { CLAUDE_MEM_DATA_DIR: '~/x' }, home: folder })).toBe(join(folder, 'x'));
  });

  test('a relative path after --data-dir was typed where it counts', () => {
    expect(resolveDataDir({ flag: 'memory', env: {} })).toBe(join(process.cwd(), 'memory'));
  });

  test('a folder that really has such a name is used', () => {
    const folder = join(tempDir(), '$HOME');
    mkdirSync(folder);
    expect(resolveDataDir({ env: { CLAUDE_MEM_DATA_DIR: folder } })).toBe(folder);
  });
});

describe('a named data dir that does not exist', () => {
  test('is an error that names the nearest folder; the usual one is none', () => {
    const home = tempDir();
    mkdirSync(join(home, '.claude-mem'));
    const typo = join(home, '.claude-men');
    expect(missingError(typo, { flag: typo, env: {}, home })).toMatchObject({
      code: 'data-dir',
      message: `the data dir ${typo} does not exist (from --data-dir)`,
      hint: expect.stringContaining(`Did you mean ${join(home, '.claude-mem')}?`) as string,
    });
    expect(missingError(typo, { env: { CLAUDE_MEM_DATA_DIR: typo }, home })?.message).toContain('CLAUDE_MEM_DATA_DIR');
    expect(missingError(join(home, 'new'), { env: {}, home })).toBeUndefined();
    expect(existsSync(typo)).toBe(false);
  });

  test('of several misspelt parts each is matched', () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'projects', 'memory'), { recursive: true });
    mkdirSync(join(folder, 'other'));
    expect(nearestFolder(join(folder, 'project', 'memroy'))).toBe(join(folder, 'projects', 'memory'));
    expect(nearestFolder(join(folder, 'entirely-different'))).toBeUndefined();
  });
});

describe('a variable that is nearly CLAUDE_MEM_DATA_DIR', () => {
  test.each(['CLAUDE_MEM_DATADIR', 'CLAUDE_MEM_DATA_DIRS', 'CLAUDE_MEM_DATA_DIRECTORY', 'CLAUDEMEM_DATA_DIR'])(
    '%s is refused',
    (name) => {
      expect(
        thrownBy(() => {
          assertNoMisspeltVariable({ [name]: '/x' });
        }),
      ).toMatchObject({
        code: 'data-dir',
        hint: expect.stringContaining('Did you mean CLAUDE_MEM_DATA_DIR?') as string,
      });
    },
  );

  test('marks of ours and settings of the published plugin are none', () => {
    const names = ['TREE', 'OWNER', 'ROLE', 'VERIFY', 'MODEL', 'MODE', 'LOG_LEVEL', 'CHROMA_DATABASE', 'CODE_PATH'];
    assertNoMisspeltVariable(Object.fromEntries(names.map((name) => [`CLAUDE_MEM_${name}`, 'x'])));
  });
});
