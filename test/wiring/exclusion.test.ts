// How `claude-mem hook` and the worker tell excluded places, however a folder is written.
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createExclusion } from '../../src/wiring/exclusion.ts';
import { tempDir } from '../helpers/temp-dir.ts';

test('a folder is excluded by name and by path through links, slashes at the end and dots', () => {
  const home = tempDir();
  for (const name of ['secret/.git', 'open/.git']) mkdirSync(join(home, name), { recursive: true });
  symlinkSync(join(home, 'secret'), join(home, 'link'));
  const isStored = (entry: string, folder: string) =>
    !createExclusion([entry], home)({ cwd: `${home}/${folder}`, project: 'as written' });
  const folders = ['link', 'link/', 'secret/', 'secret//', 'open/../secret', 'gone/../secret', './secret/.'];
  for (const entry of ['secret', '~/secret', '~/link', '~/x/../secret', `${home}//secret/`])
    expect([entry, folders.filter((folder) => isStored(entry, folder))]).toEqual([entry, []]);
  expect(['open', 'gone', 'secrets'].filter((folder) => isStored('secret', folder))).toEqual([
    'open',
    'gone',
    'secrets',
  ]);
});

test('the home folder behind a link makes no project of a folder below it', () => {
  const disk = tempDir();
  mkdirSync(join(disk, 'user/.git'), { recursive: true });
  mkdirSync(join(disk, 'user/secret'));
  symlinkSync(join(disk, 'user'), join(disk, 'home'));
  const isExcluded = createExclusion(['secret'], join(disk, 'home'));
  expect(isExcluded({ cwd: join(disk, 'user/secret/.'), project: 'user' })).toBe(true);
  expect(createExclusion(['user'], join(disk, 'home'))({ cwd: join(disk, 'home/secret'), project: 'secret' })).toBe(
    false,
  );
});
