import { expect, test } from 'vitest';
import { projectOf } from '../../src/core/project.ts';

test.each([
  ['/home/u/shop', ['/home/u/shop/.git'], 'shop'],
  ['/home/u/shop/src/deep/', ['/home/u/shop/.git'], 'shop'],
  ['/home/u/shop/vendor/lib', ['/home/u/shop/.git', '/home/u/shop/vendor/lib/.git'], 'lib'],
  ['/home/u/notes', [], 'notes'],
  ['/home/u/notes', ['/home/u/.git', '/.git'], 'notes'],
  ['/home/u', ['/home/u/.git'], 'u'],
  ['/', [], 'unnamed'],
  ['', [], 'unnamed'],
])('%s, with %j, is the project %s', (cwd, there, project) => {
  expect(projectOf(cwd, { home: '/home/u', exists: (path) => there.includes(path) })).toBe(project);
});
