import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hookPlace, LOST, STORED } from './hook-place.ts';
import { shellsOfSystems } from './shells.ts';

const SHELL = shellsOfSystems()[0]!;

test('refuses an event if 10000 events wait', () => {
  const { run, spool } = hookPlace(SHELL);
  mkdirSync(spool);
  for (let number = 0; number < 9_999; number += 1) writeFileSync(join(spool, `${number}.hook`), '');
  expect(run()).toEqual(STORED);
  expect(run()).toEqual(LOST);
  expect(run().stderr).toContain('too many events wait');
  writeFileSync(join(spool, 'first-number'), '10000\n');
  expect(run()).toEqual(STORED);
});
