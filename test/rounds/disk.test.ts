import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Disk } from '../../scripts/rounds/disk.ts';
import { eventually } from '../helpers/eventually.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** Opens files for writing continuously, by path, as hooks and a starting worker do. Some stay open. */
const WRITER = `const fs = require('node:fs');
const open = [];
setTimeout(() => process.exit(), 60_000);
(function go() {
  for (let i = 0; i < 50; i += 1) try {
    open.push(fs.openSync(process.argv[1] + '/written' + (i % 9), 'a'));
    if (open.length > 200) fs.closeSync(open.shift());
  } catch {}
  setImmediate(go);
})();`;

const asRoot = test.skipIf(process.getuid?.() !== 0);

asRoot('a data dir becomes read-only and writable again even under constant writes', async () => {
  const folder = tempDir();
  const disk = new Disk(join(folder, 'disk'), false);
  const dataDir = join(folder, 'disk', 'data');
  mkdirSync(dataDir);
  const child = spawn(process.execPath, ['-e', WRITER, dataDir], { stdio: 'ignore' });
  onTestFinished(() => {
    child.kill('SIGKILL');
    disk.remove();
  });
  await eventually('it writes', () => existsSync(join(dataDir, 'written8')));
  for (let time = 0; time < 15; time += 1) {
    disk.close(dataDir);
    expect(() => {
      writeFileSync(join(dataDir, 'mine'), 'x');
    }).toThrow(/EROFS/);
    disk.open();
    writeFileSync(join(dataDir, 'mine'), 'x');
  }
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(folder);
});
