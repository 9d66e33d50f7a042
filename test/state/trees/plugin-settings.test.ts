import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPluginDataDir } from '../../../src/state/trees/plugin-settings.ts';
import { useTempDir } from '../../helpers/temp-dir.ts';

const directory = useTempDir();
const write = (text: string) => {
  writeFileSync(join(directory(), 'settings.json'), text);
};

test('a settings file of the plugin names the data dir that the plugin uses instead', () => {
  write(JSON.stringify({ CLAUDE_MEM_MODEL: 'x', CLAUDE_MEM_DATA_DIR: '/srv/claude mem' }));
  expect(readPluginDataDir(directory())).toBe('/srv/claude mem');
});

test('a data dir in the settings of the plugin may begin with a tilde', () => {
  write(JSON.stringify({ CLAUDE_MEM_DATA_DIR: '~/memory' }));
  expect(readPluginDataDir(directory())).toBe(join(homedir(), 'memory'));
});

test('the same data dir in the settings of the plugin is no other one', () => {
  write(JSON.stringify({ CLAUDE_MEM_DATA_DIR: `${directory()}/` }));
  expect(readPluginDataDir(directory())).toBeUndefined();
});

test.each([
  '',
  '{',
  '[]',
  'null',
  '{"CLAUDE_MEM_DATA_DIR":5}',
  '{"CLAUDE_MEM_DATA_DIR":""}',
  '{"CLAUDE_MEM_DATA_DIR":"x"}',
])('settings of the plugin without a usable data dir name none: %s', (text) => {
  write(text);
  expect(readPluginDataDir(directory())).toBeUndefined();
});

test('missing settings of the plugin, or a folder or link in their place, name no data dir', () => {
  expect(readPluginDataDir(directory())).toBeUndefined();
  const folder = join(directory(), 'other');
  mkdirSync(join(folder, 'settings.json'), { recursive: true });
  expect(readPluginDataDir(folder)).toBeUndefined();
  const linked = join(directory(), 'linked');
  mkdirSync(linked);
  writeFileSync(join(directory(), 'target'), JSON.stringify({ CLAUDE_MEM_DATA_DIR: '/srv' }));
  symlinkSync(join(directory(), 'target'), join(linked, 'settings.json'));
  expect(readPluginDataDir(linked)).toBeUndefined();
});
