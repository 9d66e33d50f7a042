import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';
import { expect, test } from 'vitest';
import { tempDir } from '../helpers/temp-dir.ts';

test('processes that create a token simultaneously all get the same one', async () => {
  const program = join(tempDir(), 'token.cjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('../../src/state/control/token.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
  const dataDir = tempDir();
  // All wait for the same moment, so that they collide.
  const code = `const { ensureToken } = require(process.argv[1]); while (Date.now() < Number(process.argv[3]));
    process.stdout.write(ensureToken(process.argv[2]));`;
  const moment = String(Date.now() + 1_000);
  const run = async () => (await promisify(execFile)(process.execPath, ['-e', code, program, dataDir, moment])).stdout;
  const tokens = await Promise.all(Array.from({ length: 12 }, run));
  expect(new Set(tokens)).toEqual(new Set([expect.stringMatching(/^[0-9a-f]{64}$/)]));
  expect(readdirSync(dataDir)).toEqual(['token']);
});
