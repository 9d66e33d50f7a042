import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aHome } from './scene.ts';

test.each([
  ['token', /cannot use the token file .*: it is a folder/],
  ['memory.db', /memory\.db is a folder, not a file/],
])('a folder at %s fails a start with exit 1', async (name, message) => {
  const { dataDir, run } = aHome();
  mkdirSync(join(dataDir, name), { recursive: true, mode: 0o700 });
  const env = { CLAUDE_MEM_WORKER_PORT: String(20_000 + ((process.pid + 1) % 20_000)) };
  const args = ['start', '--no-chroma', '--timeout', '15s'];
  const { status, stdout, stderr } = await run(args, { env, timeoutMs: 40_000 });
  expect([status, stdout + stderr]).toEqual([1, expect.stringMatching(message)]);
  expect(stdout + stderr).not.toMatch(/\n {4}at |EISDIR: |undefined/);
});
