// A tree whose data dir was removed, replaced or damaged while it ran: only its marks identify it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { CLI, cleanEnvironment } from '../helpers/run-cli.ts';
import { firstLine, namespaceTest } from './linux-places.ts';
import { TestTree } from './tree-harness.ts';

const TREE = ['search', 'supervisor', 'worker'];

describe('a tree whose data dir was removed', () => {
  test('a tree whose data dir was removed is ended by stop, which does not recreate the data dir', async () => {
    const tree = await TestTree.create();
    await tree.start('--no-chroma');
    rmSync(tree.dataDir, { recursive: true });
    const { status, stderr } = await tree.run(['stop']);
    expect([status, tree.members()]).toEqual([0, []]);
    expect(stderr).toMatch(/^Not recorded: cannot write .*no such file or folder/m);
    expect(existsSync(tree.dataDir)).toBe(false);
  });

  test('a tree whose data dir was removed is ended by restart, after which one tree runs', async () => {
    const tree = await TestTree.create();
    await tree.start('--no-chroma');
    const old = tree.members().map((member) => member.pid);
    rmSync(tree.dataDir, { recursive: true });
    const { status } = await tree.json(['restart', '--no-chroma']);
    expect(status).toBe(0);
    expect(tree.roles()).toEqual(TREE);
    expect(tree.members().filter((member) => old.includes(member.pid))).toEqual([]);
    await tree.stop();
  });

  test('a tree whose data dir was removed is reported as running by status, leaks and doctor, with the command that ends it', async () => {
    const tree = await TestTree.create();
    await tree.start('--no-chroma');
    const { pid } = tree.member('supervisor');
    rmSync(tree.dataDir, { recursive: true });
    const { status, report } = await tree.json(['status']);
    expect(status).toBe(1);
    expect(report).toMatchObject({ running: true, state: null });
    expect(report.processes.map(({ role }) => role)).toEqual(['supervisor', 'worker', 'search']);
    expect(report.problem).toContain(`(pid ${pid}) is running`);
    const leaks = await tree.run(['leaks']);
    expect(leaks.stdout + leaks.stderr).toMatch(/\(pid \d+\) is running.*`claude-mem stop` stops it/s);
    const doctor = await tree.run(['doctor', 'supervisor']);
    expect(doctor.status).toBe(1);
    expect(doctor.stdout).toContain('claude-mem stop');
    await tree.run(['stop']);
    expect(tree.members()).toEqual([]);
  });

  test('a tree whose data dir was removed is ended by stop through the link to it', async () => {
    const tree = await TestTree.create();
    await tree.start('--no-chroma');
    const link = join(tree.home, 'link');
    symlinkSync(tree.dataDir, link);
    rmSync(tree.dataDir, { recursive: true });
    const { status } = await tree.run(['stop', '--data-dir', link]);
    expect([status, tree.members()]).toEqual([0, []]);
  });

  test('a tree whose data dir was removed is ended by its own supervisor, which leaves files in its place', async () => {
    const tree = await TestTree.create();
    await tree.start('--no-chroma');
    rmSync(tree.dataDir, { recursive: true });
    mkdirSync(tree.dataDir, { mode: 0o700 });
    const files = ['supervisor.lock', 'supervisor.lock.holder', 'supervisor.sock'];
    for (const name of files) writeFileSync(join(tree.dataDir, name), '');
    await eventually('the tree has ended', () => tree.members().length === 0, { withinMs: 40_000 });
    expect(readdirSync(tree.dataDir)).toEqual(expect.arrayContaining(files));
  });
});

/** Damages a data dir under its running tree. Returns why that is not possible here. */
const DAMAGES: readonly (readonly [name: string, codes: readonly number[], damage: (dataDir: string) => unknown])[] = [
  [
    'the socket removed',
    [0],
    (dataDir) => {
      rmSync(join(dataDir, 'supervisor.sock'));
    },
  ],
  [
    'the socket replaced by a file',
    [0],
    (dataDir) => {
      rmSync(join(dataDir, 'supervisor.sock'));
      writeFileSync(join(dataDir, 'supervisor.sock'), 'x');
    },
  ],
  [
    'a folder in place of operation.lock',
    [0],
    (dataDir) => {
      rmSync(join(dataDir, 'operation.lock'), { force: true });
      mkdirSync(join(dataDir, 'operation.lock'));
    },
  ],
  [
    'a damaged operation.lock',
    [0],
    (dataDir) => {
      writeFileSync(join(dataDir, 'operation.lock'), 'x'.repeat(4096));
    },
  ],
  [
    'a file in place of trees/',
    [4],
    (dataDir) => {
      rmSync(join(dataDir, 'trees'), { recursive: true });
      writeFileSync(join(dataDir, 'trees'), '');
    },
  ],
  [
    'trees/ removed',
    [0],
    (dataDir) => {
      rmSync(join(dataDir, 'trees'), { recursive: true });
    },
  ],
  [
    'a read-only trees/',
    [0],
    (dataDir) => {
      const trees = join(dataDir, 'trees');
      if (spawnSync('mount', ['--bind', trees, trees]).status !== 0) return 'cannot mount here';
      onTestFinished(() => void spawnSync('umount', [trees]));
      spawnSync('mount', ['-o', 'remount,ro,bind', trees]);
    },
  ],
  [
    'its manifest damaged',
    [4],
    (dataDir) => {
      const trees = join(dataDir, 'trees');
      for (const name of readdirSync(trees)) writeFileSync(join(trees, name), 'torn');
    },
  ],
  [
    'a stop intent that cannot be written',
    [0],
    (dataDir) => {
      const trees = join(dataDir, 'trees');
      for (const name of readdirSync(trees)) mkdirSync(join(trees, name.replace(/json$/, 'stop')));
    },
  ],
  [
    'a file in its place',
    [4],
    (dataDir) => {
      rmSync(dataDir, { recursive: true });
      writeFileSync(dataDir, '');
    },
  ],
  [
    'a loop of links in its place',
    [4],
    (dataDir) => {
      rmSync(dataDir, { recursive: true });
      symlinkSync(dataDir, dataDir);
    },
  ],
];

describe.each(DAMAGES)('with %s', (_, codes, damage) => {
  test.each([
    ['whose supervisor answers', 'SIGCONT'],
    ['whose supervisor is frozen', 'SIGSTOP'],
  ] as const)('stop ends a tree %s', async (_who, signal) => {
    const tree = await TestTree.create();
    await tree.start('--no-chroma');
    const missing = damage(tree.dataDir);
    if (typeof missing === 'string') return;
    process.kill(tree.member('supervisor').pid, signal);
    const { status, stdout, stderr } = await tree.run(['stop', '--grace', '1s']);
    expect(tree.members(), stdout + stderr).toEqual([]);
    expect(codes, stdout + stderr).toContain(status);
  });
});

namespaceTest(
  'start, stop and restart spare the foreign tree of another container on a data dir of the same path',
  async () => {
    const tree = await TestTree.create();
    await tree.start('--no-chroma');
    await tree.stop();
    // As in two containers that share a pid namespace: the same path, another folder.
    const script = `mount -t tmpfs -o mode=700 none ${tree.dataDir} && "$@" > /dev/null && echo ready && read line; "$1" "$2" stop`;
    const start = [process.execPath, CLI, 'start', '--no-chroma', '--port', String(await freePort())];
    const container = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', ...start], {
      env: cleanEnvironment({ home: tree.home, env: tree.env() }),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    onTestFinished(() => void container.kill('SIGKILL'));
    expect(await firstLine(container)).toBe('ready');
    const theirs = tree.members();
    expect(theirs.map(({ role }) => role).sort()).toEqual(['search', 'supervisor', 'worker']);

    expect((await tree.json(['stop'])).report).toMatchObject({ ok: true, ended: [] });
    for (const command of ['start', 'restart']) {
      const { report } = await tree.json([command, '--no-chroma']);
      expect(report.error).toBe(null);
    }
    expect(tree.members()).toHaveLength(6);
    expect((await tree.json(['stop'])).report.ended).toHaveLength(3);
    expect(
      tree
        .members()
        .map(({ pid }) => pid)
        .sort(),
    ).toEqual(theirs.map(({ pid }) => pid).sort());
    container.stdin.end('\n');
    await new Promise((resolve) => container.once('exit', resolve));
  },
);
