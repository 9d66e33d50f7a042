import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { readCode } from '../../src/wiring/entry/code-cache.ts';
import { CLI } from '../helpers/run-cli.ts';
import { aHome, expectGone, orphans, recording } from './scene.ts';

const DIST = dirname(CLI);
const PROGRAMS = ['cli', 'supervisor', 'worker', 'search-server', 'hook', 'doctor', 'setup'];
const read = (name: string) => readFileSync(join(DIST, name));

/** A command line with a code cache of its own, and the files of that cache. */
function withCache() {
  const { home, run } = aHome();
  const folder = join(home, '.cache', 'claude-mem-cli', 'code');
  const files = () => (existsSync(folder) ? readdirSync(folder) : []);
  const leaks = (env: NodeJS.ProcessEnv = {}) =>
    run(['leaks', '--json', '--from', recording('plugin-worker-killed')], {
      env: { NODE_COMPILE_CACHE: undefined, ...env },
    });
  return { home, folder, files, leaks };
}

describe('the code cache', () => {
  test('a run keeps the compiled code, and the next one accepts it', async () => {
    const { folder, files, leaks } = withCache();
    const first = await leaks();
    expect(files()).toEqual([expect.stringMatching(/^cli-leaks-/)]);
    const [name = ''] = files();
    const cachedData = readCode(join(folder, name));
    expect(new Script(read('lib/cli.js').toString('latin1'), { cachedData }).cachedDataRejected).toBe(false);
    const { mtimeMs } = statSync(join(folder, name));
    expect(await leaks()).toMatchObject({ stdout: first.stdout, stderr: '' });
    expect(statSync(join(folder, name)).mtimeMs).toBe(mtimeMs);
  });

  test('damaged code is replaced, and the command works', async () => {
    const { folder, files, leaks } = withCache();
    const first = await leaks();
    const [name = ''] = files();
    const whole = readFileSync(join(folder, name));
    writeFileSync(join(folder, name), Buffer.from(whole).fill(7, 1_000, 9_000));
    expect(await leaks()).toMatchObject({ stdout: first.stdout, stderr: '' });
    expect(readCode(join(folder, name))).toBeDefined();
  });

  test('runs with other options of Node.js have code of their own, so that neither replaces the code of the other', async () => {
    const { folder, files, leaks } = withCache();
    const written = () => files().map((name) => statSync(join(folder, name), { bigint: true }).ino);
    const options = { NODE_OPTIONS: '--max-old-space-size=512' };
    await leaks();
    await leaks(options);
    const before = written();
    expect(before).toHaveLength(2);
    await leaks();
    await leaks(options);
    expect(written()).toEqual(before);
  });

  test('a cache that cannot be written, or is turned off, changes nothing', async () => {
    const { home, files, leaks } = withCache();
    const { stdout } = await leaks({ NODE_DISABLE_COMPILE_CACHE: '1' });
    expect(files()).toEqual([]);
    writeFileSync(join(home, '.cache'), 'in the way');
    expect(await leaks()).toMatchObject({ stdout, stderr: '' });
    expect(await leaks({ HOME: '/does/not/exist' })).toMatchObject({ stdout, stderr: '' });
  });
});

describe('the built program', () => {
  test('the built program contains no import(), which cached code cannot call', () => {
    const files = readdirSync(join(DIST, 'lib')).filter((name) => name.endsWith('.js'));
    expect(files).toContain('cli.js');
    for (const file of files) expect(read(join('lib', file)).toString('latin1'), file).not.toMatch(/[^\w$.]import\(/);
  });

  test.each(PROGRAMS)('%s is ASCII: it is read as Latin-1', (name) => {
    expect(read(`lib/${name}.js`).findIndex((byte) => byte > 0x7f)).toBe(-1);
  });

  // Covers the modules that commands load on demand. The tests of the tree cover start, stop and the other tree commands.
  test.each<[string, readonly string[], number]>([
    ['a table', ['leaks', '--from', recording('plugin-worker-killed')], 1],
    ['a reading of this machine', ['leaks'], 0],
    ['a snapshot file', ['snapshot'], 0],
    ['a tree that is not there', ['status'], 3],
    ['logs that are not there', ['logs'], 0],
    ['a stop', ['stop'], 0],
  ])('the built program loads the modules for %s', async (_, args, exit) => {
    const { status, stderr } = await aHome().run(args);
    expect([args, status]).toEqual([args, exit]);
    expect(stderr).not.toContain('This is a bug');
  });

  test('the built program loads locks and native calls for reap', async () => {
    const { run, dataDir } = aHome();
    const left = await orphans(dataDir);
    expect(await run(['reap', '--yes'])).toMatchObject({ status: 0, stderr: '' });
    await expectGone(left);
  });
});
