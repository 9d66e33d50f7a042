import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findMarkHolders } from '../../../../src/platform/linux/table/mark-holders.ts';
import { parseMarkHolders } from '../../../../src/platform/posix/parse-mark-holders.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

test('matches a whole variable, not the beginning or end of another one', async () => {
  const proc = tempDir();
  const environments = {
    10: 'PATH=/bin\0MARK=abc\0',
    11: 'MARK=abc\0',
    12: 'OTHER_MARK=abc\0',
    13: 'MARK=abcd\0',
    14: 'X=1 MARK=abc\0',
    15: 'X_MARK=abc\0MARK=abc\0',
  };
  for (const [pid, environ] of Object.entries(environments)) {
    mkdirSync(join(proc, pid));
    writeFileSync(join(proc, pid, 'environ'), environ);
  }
  mkdirSync(join(proc, '16'));
  expect([...(await findMarkHolders('MARK', 'abc', proc))]).toEqual([10, 11, 15]);
});

test('matches a variable between spaces in the output of ps', () => {
  const text = '   10 sleep 1 PATH=/bin MARK=abc\n  11 sleep 1 MARK=abcd\n12 x XMARK=abc\n13 y MARK=abc Z=1';
  expect([...parseMarkHolders(text, 'MARK=abc')]).toEqual([10, 13]);
});
