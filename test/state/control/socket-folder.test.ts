import { chmodSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureSocketFolder } from '../../../src/state/control/socket-folder.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { anError } from '../an-error.ts';

test('refuses a folder that other users can enter and a link to a folder', (context) => {
  if (process.platform === 'win32') context.skip('Windows has no modes');
  const path = join(tempDir(), 'claude-mem-1', 'supervisor.sock');
  ensureSocketFolder(path);
  ensureSocketFolder(path);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  chmodSync(dirname(path), 0o755);
  expect(() => {
    ensureSocketFolder(path);
  }).toThrow(anError('io', 'not a private folder'));
  rmSync(dirname(path), { recursive: true });
  symlinkSync(tempDir(), dirname(path));
  expect(() => {
    ensureSocketFolder(path);
  }).toThrow(anError('io', 'not a private folder'));
});
