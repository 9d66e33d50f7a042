import { describe, expect, test } from 'vitest';
import { isExcluded, isSkippedTool } from '../../src/core/excluded-project.ts';
import { resolveSettings } from '../../src/core/settings.ts';

describe('an excluded project', () => {
  test.each([
    ['a name', 'shop', '/srv/shop/src', true],
    ['another name', 'blog', '/srv/shop/src', false],
    ['a folder', '/srv/shop', '/srv/shop', true],
    ['a folder above', '/srv/', '/srv/shop/src', true],
    ['a folder whose name begins alike', '/srv/sho', '/srv/shop', false],
    ['a folder of the home', '~/clients', '/home/u/clients/x', true],
    ['the whole home', '~', '/home/u/clients', true],
    ['everything', '/', '/srv/shop', true],
  ])('%s', (_, entry, cwd, expected) => {
    expect(isExcluded({ cwd, project: 'shop' }, ['other', entry], '/home/u')).toBe(expected);
  });
});

test('a skipped tool is named in full or by its beginning', () => {
  expect(isSkippedTool('WebFetch', ['WebFetch'])).toBe(true);
  expect(isSkippedTool('mcp__github__list', ['mcp__github__*'])).toBe(true);
  expect(isSkippedTool('WebFetch', ['Web', 'mcp__*'])).toBe(false);
  expect(isSkippedTool(undefined, ['*'])).toBe(false);
});

const resolve = (value: unknown) =>
  resolveSettings({ env: {}, config: { excludedProjects: value }, configFile: 'config.json' });

test.each([
  ['shop, ~/clients ,/srv/a b', ['shop', '~/clients', '/srv/a b']],
  [
    ['shop', '~/clients'],
    ['shop', '~/clients'],
  ],
  ['', []],
  [[], []],
])('the setting %j is a list', (value, entries) => {
  expect(resolve(value)).toMatchObject({ settings: { excludedProjects: entries }, problems: [] });
});

test.each(['work/x', '../x', '~other/x', { a: 1 }, ['a,b'], [7], ['a\nb'], '[x'])(
  'the setting %j is refused',
  (value) => {
    expect(resolve(value).problems.map(({ name }) => name)).toEqual(['CLAUDE_MEM_EXCLUDED_PROJECTS']);
  },
);
