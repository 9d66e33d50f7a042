import { join } from 'node:path';
import { test } from 'vitest';
import { expectToEndALeftoverOfDataDir, expectToSpareARecordedTree } from './verify-scenes.ts';

test('verify --reap never ends a recorded tree, even on another data dir', async () => {
  await expectToSpareARecordedTree((home) => ['--data-dir', join(home, 'other')]);
});

test.each(['mem', '"/srv/mem"'])(
  'verify --reap ends a leftover whose environment names the data dir %s',
  async (name) => {
    await expectToEndALeftoverOfDataDir(name);
  },
);
