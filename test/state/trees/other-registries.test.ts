import { mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOtherRegistries } from '../../../src/state/trees/other-registries.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const WRITER_LOCK = '.claude-mem-chroma-writer.lock';

test('reads the registries of the plugin unchanged', () => {
  const dataDir = tempDir();
  for (const folder of ['chroma', 'vectors', 'vector-db']) {
    mkdirSync(join(dataDir, folder));
    writeFileSync(join(dataDir, folder, WRITER_LOCK), folder);
  }
  writeFileSync(join(dataDir, 'supervisor.json'), '{"processes":{}}');
  writeFileSync(join(dataDir, 'worker.pid'), 'torn {');
  writeFileSync(join(dataDir, 'settings.json'), 'not asked for');
  expect(readOtherRegistries(dataDir)).toEqual([
    { file: join(dataDir, 'supervisor.json'), content: '{"processes":{}}' },
    { file: join(dataDir, 'worker.pid'), content: 'torn {' },
    { file: join(dataDir, 'chroma', WRITER_LOCK), content: 'chroma' },
    { file: join(dataDir, 'vectors', WRITER_LOCK), content: 'vectors' },
    { file: join(dataDir, 'vector-db', WRITER_LOCK), content: 'vector-db' },
  ]);
});

test('skips a missing registry and a folder in its place, and reports one that is too large as unreadable', () => {
  const dataDir = tempDir();
  mkdirSync(join(dataDir, 'supervisor.json'));
  writeFileSync(join(dataDir, 'worker.pid'), '');
  truncateSync(join(dataDir, 'worker.pid'), 50 * 1024 * 1024);
  expect(readOtherRegistries(dataDir)).toEqual([{ file: join(dataDir, 'worker.pid'), content: null }]);
  expect(readOtherRegistries(join(dataDir, 'missing'))).toEqual([]);
  expect(readdirSync(dataDir).sort()).toEqual(['supervisor.json', 'worker.pid']);
});

test('reports an existing registry that cannot be read', () => {
  const dataDir = tempDir();
  const file = join(dataDir, 'worker.pid');
  // Not readable for any user, including root.
  symlinkSync('worker.pid', file);
  expect(readOtherRegistries(dataDir)).toEqual([{ file, content: null }]);
});

test('reports unreadable registries if the data dir cannot be entered', () => {
  const dataDir = join(tempDir(), 'loop');
  symlinkSync(dataDir, dataDir);
  const registries = readOtherRegistries(dataDir);
  expect(registries).not.toEqual([]);
  expect(registries.every(({ content }) => content === null)).toBe(true);
});
