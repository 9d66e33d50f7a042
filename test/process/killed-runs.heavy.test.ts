// Kills a whole test run. In its own pid namespace, so that no other run that starts meanwhile can clean up.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { tempDir } from '../helpers/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const CONFIG = `export default { test: {
  globalSetup: [${JSON.stringify(join(ROOT, 'test/helpers/global-setup.ts'))}], include: ['*.test.ts'], testTimeout: 60_000,
} };`;

const HANGS = `import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { createTempDir } from ${JSON.stringify(join(ROOT, 'test/helpers/temp-dir.ts'))};
test('hangs', async () => {
  const { path } = createTempDir();
  mkdirSync(path + '/disk');
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path + '/disk']);
  const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
  child.unref();
  writeFileSync('state.new', child.pid + '\\n' + path);
  renameSync('state.new', 'state');
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});`;

const PASSES = `import { test } from 'vitest';
test('passes', () => undefined);`;

/** $1 is the program. The second run starts while the first one is alive, the third one after its end. */
const SCRIPT = `
"$@" run hangs > first 2>&1 & first=$!
for i in $(seq 600); do [ -e state ] && break; sleep 0.1; done
pid=$(head -n 1 state)
"$@" run passes > second 2>&1
[ -d /proc/$pid ] && echo "alive beside a run"
grep -c "$(tail -n 1 state)/disk" /proc/self/mounts
kill -9 $first; wait $first
[ -d /proc/$pid ] && echo "alive after the kill"
"$@" run passes > third 2>&1 || exit
grep -q sleep /proc/$pid/cmdline || echo ended
grep -c "$(tail -n 1 state)/disk" /proc/self/mounts
`;

test('a test run ends the leftovers of a killed run, and nothing of a concurrent one', (context) => {
  const unshare = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  if (spawnSync('unshare', [...unshare, 'true']).status !== 0) context.skip('no pid namespace can be made here');
  const folder = tempDir();
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'tmp'));
  for (const [name, text] of Object.entries({
    'vitest.config.mjs': CONFIG,
    'hangs.test.ts': HANGS,
    'passes.test.ts': PASSES,
  }))
    writeFileSync(join(folder, name), text);
  const vitest = [process.execPath, join(ROOT, 'node_modules/vitest/vitest.mjs')];
  const { stdout, stderr } = spawnSync('unshare', [...unshare, 'sh', '-c', SCRIPT, 'sh', ...vitest], {
    cwd: folder,
    env: { ...process.env, TMPDIR: join(folder, 'tmp') },
    encoding: 'utf8',
    timeout: 100_000,
    killSignal: 'SIGKILL',
  });
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const said = 'left by runs that were killed';
  expect(stdout.trim().split('\n'), stderr).toEqual(['alive beside a run', '1', 'alive after the kill', 'ended', '0']);
  expect(read('second')).not.toContain(said);
  expect(read('third')).toMatch(new RegExp(`^${said}: ended \\d+ processes \\(pid .+\\), removed 1 folders$`, 'm'));
  expect(existsSync(read('state').split('\n')[1] ?? '')).toBe(false);
});
