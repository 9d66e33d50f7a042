import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingError, resolveDataDir } from '../../../src/state/files/data-dir.ts';
import { assertNoMisspeltVariable, missingDataDir } from '../../../src/state/files/data-dir-name.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a data dir that needs a shell to expand it', () => {
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
  ])('%s in the environment is refused with the probable path', (text, hint, message) => {
    const error = thrownBy(() => resolveDataDir({ env: { CLAUDE_MEM_DATA_DIR: text, MEM: 'memory' }, home }));
    expect(error).toMatchObject({
      code: 'data-dir',
      message: expect.stringMatching(message) as string,
      hint: expect.stringContaining(hint) as string,
    });
  });

  test('~/x is expanded', () => {
    const folder = tempDir();
    expect(resolveDataDir({ env: { CLAUDE_MEM_DATA_DIR: '~/x' }, home: folder })).toBe(join(folder, 'x'));
  });

  test('a relative path after --data-dir is accepted', () => {
    expect(resolveDataDir({ flag: 'memory', env: {} })).toBe(join(process.cwd(), 'memory'));
  });

  test('an existing folder with such a name is accepted', () => {
    const folder = join(tempDir(), '$HOME');
    mkdirSync(folder);
    expect(resolveDataDir({ env: { CLAUDE_MEM_DATA_DIR: folder } })).toBe(folder);
  });
});

describe('a named data dir that does not exist', () => {
  test('a named data dir that does not exist is an error that names the nearest folder, except the default one', () => {
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

  test('a named data dir that does not exist is matched with several misspelt parts', () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'projects', 'memory'), { recursive: true });
    mkdirSync(join(folder, 'other'));
    const hintFor = (...names: string[]) =>
      missingDataDir(join(folder, ...names), '--data-dir', join(folder, 'absent')).hint;
    expect(hintFor('project', 'memroy')).toMatch(`Did you mean ${join(folder, 'projects', 'memory')}? `);
    expect(hintFor('entirely-different')).not.toContain('Did you mean');
  });
});

describe('a near miss of CLAUDE_MEM_DATA_DIR', () => {
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

  test('marks and settings of the published plugin are not near misses', () => {
    const names = ['TREE', 'OWNER', 'ROLE', 'VERIFY', 'MODEL', 'MODE', 'LOG_LEVEL', 'CHROMA_DATABASE', 'CODE_PATH'];
    assertNoMisspeltVariable(Object.fromEntries(names.map((name) => [`CLAUDE_MEM_${name}`, 'x'])));
  });
});
