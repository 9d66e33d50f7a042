import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFileLog } from '../../src/shared/log.ts';
import { tempDir } from '../helpers/temp-dir.ts';

function logLines(level?: string) {
  const file = join(tempDir(), 'logs', 'worker.log');
  const log = createFileLog(file, { role: 'worker', level });
  log.debug('fine detail');
  log.info('ready', { port: 37777 });
  log.error('it failed', { error: new TypeError('bad value') });
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('writes one JSON object per line synchronously, with role, pid and time', () => {
  const [ready, failed] = logLines();
  expect(ready).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    role: 'worker',
    pid: process.pid,
    port: 37777,
    msg: 'ready',
  });
  expect(failed).toMatchObject({ level: 'error', error: { type: 'TypeError', message: 'bad value' } });
});

test.each([
  ['debug', 3],
  ['error', 1],
  ['constructor', 2],
  ['', 2],
])('level "%s" writes %i of 3 lines', (level, count) => {
  expect(logLines(level)).toHaveLength(count);
});
