import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { CLI } from '../helpers/run-cli.ts';
import { aHome, expectGone, orphans, recording } from './scene.ts';

const DIST = dirname(CLI);
const COMPILED = ['cli', 'supervisor', 'worker', 'search-server'];
const read = (name: string) => readFileSync(join(DIST, name));

describe('the built program', () => {
  // Without this check, all other tests could pass with uncached code, which no user of a release runs.
  test.each(COMPILED)('%s is run from what V8 compiled when it was built', (name) => {
    const script = new Script(read(`lib/${name}.js`).toString('latin1'), {
      cachedData: read(`lib/${name}.${process.version}.${process.arch}.compiled`),
    });
    expect(script.cachedDataRejected).toBe(false);
  });

  test('the built program contains no import(), which code compiled ahead cannot call', () => {
    const files = readdirSync(join(DIST, 'lib')).filter((name) => name.endsWith('.js'));
    expect(files).toContain('cli.js');
    for (const file of files) expect(read(join('lib', file)).toString('latin1'), file).not.toMatch(/[^\w$.]import\(/);
  });

  test.each(COMPILED)('%s is ASCII: it is read as Latin-1', (name) => {
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
