import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readMachineIdentity } from '../../../../src/platform/linux/machine/machine.ts';
import { useTempDir } from '../../../helpers/temp-dir.ts';

const ID = '3d1219c7c4c5404aaa1f6d2a48adfda4';
const directory = useTempDir();

function file(name: string, content: string): string {
  const path = join(directory(), name);
  writeFileSync(path, content);
  return path;
}

/** Of a machine whose `/proc` contains nothing. */
function readMachineId(files: readonly string[]): string | undefined {
  return readMachineIdentity(directory(), files).machineId;
}

describe('the machine id', () => {
  test('returns a hash of the machine id, never the id itself', () => {
    const hash = createHash('sha256').update(ID).digest('hex').slice(0, 32);
    expect(readMachineId([file('machine-id', `${ID}\n`)])).toBe(hash);
  });

  test.each(['', 'uninitialized\n', 'not an id\n'])('skips a file that contains %j', (content) => {
    const good = file('dbus', `${ID}\n`);
    expect(readMachineId([file('machine-id', content), good])).toBe(readMachineId([good]));
  });

  test('returns undefined without a machine id', () => {
    expect(readMachineId([join(directory(), 'absent')])).toBeUndefined();
  });
});
