// Renews the lock of all dependencies of chroma-mcp: the newest versions that fit constraints.in, for every platform
// and Python from 3.10 on. Afterwards run the tests with the real Chroma: a lock that resolves may still fail to
// import.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findOnPath, installUv } from './uv.ts';

const HEADER = `# Everything chroma-mcp needs, pinned for every platform and Python 3.10 on.
# Made from constraints.in by scripts/renew-constraints.ts; do not edit.
`;

const folder = new URL('../src/chroma/', import.meta.url);
const output = new URL('constraints.txt', folder);
const temp = await mkdtemp(join(tmpdir(), 'cm-constraints-'));
try {
  const uv = (await findOnPath('uv')) ?? join(await installUv(join(temp, 'venv')), 'uv');
  // A new output file: uv would prefer the versions of an existing one.
  const resolved = join(temp, 'constraints.txt');
  const format = ['--no-header', '--no-annotate', '--quiet'];
  const target = ['--universal', '--python-version', '3.10', '--output-file', resolved];
  execFileSync(uv, ['pip', 'compile', ...target, ...format, fileURLToPath(new URL('constraints.in', folder))], {
    stdio: 'inherit',
  });
  const pins = await readFile(resolved, 'utf8');
  assertOnlyPins(pins);
  await writeFile(output, HEADER + pins);
  console.log(`${fileURLToPath(output)}: ${pins.trimEnd().split('\n').length} pins`);
} finally {
  await rm(temp, { recursive: true, force: true });
}

/** Options of the machine that made the lock (index, links) must not appear in it. */
function assertOnlyPins(pins: string): void {
  const stranger = pins
    .trimEnd()
    .split('\n')
    .find((line) => !/^[a-z0-9][a-z0-9._-]*(?:\[[a-z0-9,_-]+\])?==\S+(?: ; .+)?$/i.test(line));
  if (stranger !== undefined) throw new Error(`not a pin: ${stranger}`);
}
