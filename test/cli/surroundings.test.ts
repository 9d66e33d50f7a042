import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runProgram } from '../helpers/run-cli.ts';
import { aHome, asNobody, cli, inShell, living, noOtherUser, orphans } from './scene.ts';
import { errorReport, leaksReport } from './shapes.ts';

const noNamespaces = spawnSync('unshare', ['-pf', '--mount-proc', 'true']).status !== 0;

describe.skipIf(noNamespaces)('in a container', () => {
  const container = ['-pf', '--mount-proc'];

  test("its own processes are looked at, and nobody else's", async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir);
    const { status, stdout } = await runProgram('unshare', [...container, ...cli('leaks', '--json')], { home });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(leaksReport);
    expect(JSON.parse(stdout)).toMatchObject({ complete: true, processes: [] });
    const reap = await runProgram('unshare', [...container, ...cli('reap', '--yes')], { home });
    expect(reap).toMatchObject({ status: 0, stdout: 'Nothing to reap.\n' });
    expect(living(left)).toHaveLength(2);
  });

  test('with the /proc of another one: could not look, and nothing is signalled', async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir);
    for (const args of [['leaks'], ['reap', '--yes'], ['reap', '--dry-run'], ['snapshot']]) {
      const { status, stdout, stderr } = await runProgram('unshare', ['-pf', ...cli(...args)], { home });
      expect([args, status, stdout]).toEqual([args, 4, '']);
      expect(stderr).toContain('/proc does not show this process');
    }
    const { stdout } = await runProgram('unshare', ['-pf', ...cli('leaks', '--json')], { home });
    expect(JSON.parse(stdout)).toEqual(errorReport('leaks', 'process-table-unreadable'));
    expect(living(left)).toHaveLength(2);
  });

  test('of which a snapshot was taken, its manifests are judged as elsewhere', async () => {
    const { home, run, dataDir } = aHome();
    await orphans(dataDir);
    const taken = await runProgram('unshare', [...container, ...cli('snapshot', `${home}/x.json`)], { home });
    expect(taken.status).toBe(0);
    expect(await run(['leaks', '--from', `${home}/x.json`])).toMatchObject({ status: 0 });
  });
});

describe.skipIf(noNamespaces || noOtherUser() !== undefined)('where /proc hides the processes of others', () => {
  const hidden = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"';

  test('nothing found is not "clean": exit 4', async () => {
    const { home } = aHome();
    chmodSync(home, 0o755);
    const script = ['-m', 'sh', '-c', hidden, 'sh', ...asNobody()];
    const text = await runProgram('unshare', [...script, 'leaks'], { home, cwd: '/' });
    expect(text.status).toBe(4);
    expect(text.stdout).toContain('No leaks in what could be read; not everything could.');
    expect(text.stdout).toContain('The process listing is incomplete');
    const { stdout, status } = await runProgram('unshare', [...script, 'leaks', '--json'], { home, cwd: '/' });
    expect(status).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ complete: false });
  });

  test('root sees all the same', async () => {
    const { home, dataDir } = aHome();
    await orphans(dataDir);
    const { status } = await runProgram('unshare', ['-m', 'sh', '-c', hidden, 'sh', ...cli('leaks')], { home });
    expect(status).toBe(1);
  });
});

describe("a tree's own surroundings", () => {
  test('reap never ends the shell it was started from, marks or not', async () => {
    const { home, dataDir } = aHome();
    const left = await orphans(dataDir);
    const env = { CLAUDE_MEM_TREE: left.treeId, CLAUDE_MEM_ROLE: 'chroma-sync', CLAUDE_MEM_DATA_DIR: dataDir };
    const script = '"$@" && echo still here';
    const { status, stdout } = await inShell(script, cli('reap', '--yes'), { home, env });
    expect(status).toBe(0);
    expect(stdout).toContain('still here');
    expect(living(left)).toEqual([]);
  });
});
