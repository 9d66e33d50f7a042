import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { identify } from '../../scripts/leak/identity.mjs';
import { tempDir } from '../helpers/temp-dir.ts';
import { aHome, deadTree, inShell, cli, noOtherUser, stored, TREE } from './scene.ts';

const NOBODY = 65534;

/** A process unrelated to claude-mem. */
function aBystander(): ChildProcess & { readonly pid: number } {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child as ChildProcess & { readonly pid: number };
}

const lives = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

/** A manifest of another user that records an unrelated process as an orphan of a dead tree. */
function forgedManifest(dataDir: string, victim: number): string {
  const identity = stored(identify(victim)!);
  const file = deadTree(dataDir, [
    { role: 'chroma-sync', identity, command: ['sleep'], registeredAt: identity.startedAt },
  ]);
  chownSync(file, NOBODY, NOBODY);
  return file;
}

describe("another user's manifest", () => {
  test('commands that act reject a data dir that others may write to, until doctor --fix closes it', async (context) => {
    const reason = noOtherUser();
    if (reason !== undefined) context.skip(reason);
    const { dataDir, run, json } = aHome();
    const victim = aBystander();
    const file = forgedManifest(dataDir, victim.pid);
    chmodSync(dirname(file), 0o777);
    chmodSync(dataDir, 0o777);
    for (const args of [['reap', '--yes'], ['start', '--no-chroma'], ['stop'], ['restart'], ['setup']]) {
      const { status, stderr } = await run(args);
      expect([args, status]).toEqual([args, 2]);
      expect(stderr).toContain('is writable by other users (mode 0777)');
      expect(stderr).toContain(`claude-mem doctor --fix --data-dir ${dataDir}`);
    }
    const { status, report } = await json(['leaks']);
    expect(status).toBe(4);
    expect(report.damagedManifests).toEqual([
      expect.objectContaining({ file, reason: expect.stringContaining('belongs to user id 65534') as string }),
    ]);
    expect((await run(['leaks'])).stdout + (await run(['leaks'])).stderr).toContain('belongs to user id 65534');

    const fixed = await run(['doctor', '--fix', 'data-dir']);
    expect([fixed.status, statSync(dataDir).mode & 0o777, existsSync(file)]).toEqual([0, 0o700, false]);
    expect(readdirSync(dirname(file))).toEqual([`${TREE}.json.not-yours-1`]);
    expect((await run(['reap', '--yes'])).status).toBe(0);
    expect(lives(victim)).toBe(true);
  });

  test('a manifest of another user proves nothing and is set aside by reap', async (context) => {
    const reason = noOtherUser();
    if (reason !== undefined) context.skip(reason);
    const { dataDir, json } = aHome();
    const victim = aBystander();
    const file = forgedManifest(dataDir, victim.pid);
    chmodSync(dataDir, 0o700);
    const { report } = await json(['reap', '--yes']);
    expect(report.outcomes).toEqual([]);
    expect(lives(victim)).toBe(true);
    expect(readdirSync(dirname(file))).toEqual([`${TREE}.json.damaged-1`]);
  });

  test('a manifest of the owner counts as a record', async (context) => {
    const reason = noOtherUser();
    if (reason !== undefined) context.skip(reason);
    const { dataDir, json } = aHome();
    const victim = aBystander();
    chownSync(forgedManifest(dataDir, victim.pid), 0, 0);
    chmodSync(dataDir, 0o700);
    const { report } = await json(['reap', '--dry-run']);
    expect(report.plan.map(({ pid }) => pid)).toEqual([victim.pid]);
  });
});

describe('a planted link', () => {
  test('start does not write through a link at a log, and the tree runs without that log', async () => {
    const { dataDir, home, run } = aHome();
    const target = join(home, 'precious');
    writeFileSync(target, 'precious');
    mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
    for (const name of ['supervisor.log', 'worker.log', 'search-server.log'])
      symlinkSync(target, join(dataDir, 'logs', name));
    const port = String(20_000 + (process.pid % 20_000));
    const { status } = await run(['start', '--no-chroma', '--port', port]);
    const stopped = await run(['stop']);
    expect([status, stopped.status, readFileSync(target, 'utf8')]).toEqual([0, 0, 'precious']);
  });

  test('start fails with a clear error on a link at the crash log, a lock or the token', async () => {
    for (const name of ['logs/crash.log', 'operation.lock', 'supervisor.lock']) {
      const { dataDir, home, run } = aHome();
      const target = join(home, 'precious');
      writeFileSync(target, 'precious');
      mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
      symlinkSync(target, join(dataDir, name));
      const { status, stderr } = await run(['start', '--no-chroma', '--timeout', '10s']);
      expect([name, status, readFileSync(target, 'utf8')]).toEqual([name, 1, 'precious']);
      expect(stderr).toMatch(/it is a link/);
      expect(stderr).not.toMatch(/\n {4}at /);
    }
  });

  test.each([
    ['snapshot', (file: string) => ['snapshot', file]],
    ['leaks --output', (file: string) => ['leaks', '--format', 'prometheus', '--output', file]],
    ['doctor --report', (file: string) => ['doctor', 'node', '--report', file]],
    ['verify --output', (file: string) => ['verify', '--output', file, '--', 'true']],
    ['verify --junit', (file: string) => ['verify', '--junit', file, '--', 'true']],
  ])('%s replaces a link at its file and leaves no other file', async (_what, args) => {
    const { home, run } = aHome();
    const folder = tempDir();
    if (process.geteuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
    const target = join(home, 'precious');
    writeFileSync(target, 'precious', { mode: 0o600 });
    const file = join(folder, 'report');
    symlinkSync(target, file);
    const { status } = await run(args(file));
    expect([0, 4]).toContain(status);
    expect([lstatSync(file).isFile(), readdirSync(folder)]).toEqual([true, ['report']]);
    expect(readFileSync(file, 'utf8').length).toBeGreaterThan(0);
    expect([readFileSync(target, 'utf8'), statSync(target).mode & 0o777]).toEqual(['precious', 0o600]);
  });

  test('integrate --write does not follow a link out of the project', async () => {
    const { home, run } = aHome();
    const cwd = join(home, 'project');
    const outside = join(home, 'other.json');
    mkdirSync(cwd);
    writeFileSync(outside, '{}');
    symlinkSync(outside, join(cwd, '.mcp.json'));
    const { status, stderr } = await run(['integrate', '--write'], { cwd });
    expect([status, readFileSync(outside, 'utf8')]).toEqual([2, '{}']);
    expect(stderr).toContain(`leads out of this project, to ${outside}`);
    expect(existsSync(join(home, '.claude', 'settings.json'))).toBe(false);
    mkdirSync(join(home, 'elsewhere'));
    symlinkSync(join(home, 'elsewhere'), join(cwd, '.claude'));
    const settings = ['integrate', '--write', '--no-mcp', '--settings', '.claude/settings.json'];
    expect((await run(settings, { cwd })).status).toBe(2);
    expect(readdirSync(join(home, 'elsewhere'))).toEqual([]);
  });
});

describe('a report to', () => {
  test('a report to /dev/stdout goes to stdout, even if stdout is a file', async () => {
    const { home } = aHome();
    const file = join(home, 'out.json');
    const { status } = await inShell('"$@" > out.json', cli('snapshot', '/dev/stdout'), { home, cwd: home });
    expect([0, 4]).toContain(status);
    expect(lstatSync('/dev/stdout').isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ kind: 'process-snapshot' });
  });

  test('a report to a pipe without reader fails instead of blocking', async () => {
    const { home, run } = aHome();
    spawnSync('mkfifo', [join(home, 'pipe')]);
    const { status, stderr } = await run(['snapshot', join(home, 'pipe')], { timeoutMs: 20_000 });
    expect(status).toBe(1);
    expect(stderr).toMatch(/a pipe without a reader/);
  });
});

describe('another file type in place of a file', () => {
  test('a pipe at a log exits with 1 and a hint instead of blocking', async () => {
    const { dataDir, run } = aHome();
    mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
    spawnSync('mkfifo', [join(dataDir, 'logs', 'worker.log')]);
    const { status, stderr } = await run(['logs'], { timeoutMs: 20_000 });
    expect(status).toBe(1);
    expect(stderr).toMatch(/worker\.log: it is a pipe, not a file\nMove it away/);
  });

  const FOLDERS: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['logs/worker.log', ['logs'], 1, /worker\.log: it is a folder, not a file/],
    ['config.json', ['start', '--no-chroma'], 2, /config\.json is a folder, not a file/],
    ['operation.lock', ['start', '--no-chroma'], 1, /operation\.lock: it is a folder, not a file/],
    ['supervisor.lock', ['start', '--no-chroma'], 1, /supervisor\.lock: it is a folder, not a file/],
    [`trees/${TREE}.json`, ['leaks'], 4, /is a folder, not a file/],
  ];
  test.each(FOLDERS)('a folder at %s: %j is exit %i', async (name, args, code, message) => {
    const { dataDir, run } = aHome();
    mkdirSync(join(dataDir, name), { recursive: true, mode: 0o700 });
    const port = String(20_000 + ((process.pid + code) % 20_000));
    const { status, stdout, stderr } = await run(args, { env: { CLAUDE_MEM_WORKER_PORT: port }, timeoutMs: 40_000 });
    expect([status, stdout + stderr]).toEqual([code, expect.stringMatching(message)]);
    expect(stdout + stderr).not.toMatch(/\n {4}at |EISDIR: |undefined/);
  });

  const FILES: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['trees', ['leaks'], 4, /trees: is not a folder/],
    ['logs', ['start', '--no-chroma'], 1, /logs/],
    ['logs', ['logs'], 1, /logs: a part of the path is not a folder/],
  ];
  test.each(FILES)('a file at %s: %j is exit %i', async (name, args, code, message) => {
    const { dataDir, run } = aHome();
    mkdirSync(dataDir, { mode: 0o700 });
    writeFileSync(join(dataDir, name), '');
    const { status, stdout, stderr } = await run(args);
    expect([status, stdout + stderr]).toEqual([code, expect.stringMatching(message)]);
    expect(stdout + stderr).not.toMatch(/\n {4}at /);
  });
});

describe('a named data dir that does not exist', () => {
  test.each([
    ['leaks'],
    ['reap', '--yes'],
    ['status'],
    ['stop'],
    ['logs'],
    ['history'],
    ['snapshot'],
    ['leaks', '--watch', '--count', '1'],
  ])('%s %s exits with 2 and names the nearest data dir', async (...args) => {
    const { dataDir, home, run } = aHome();
    mkdirSync(dataDir, { mode: 0o700 });
    const typo = join(home, '.claude-men');
    const { status, stdout, stderr } = await run([...args, '--data-dir', typo]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`the data dir ${typo} does not exist (from --data-dir)\nDid you mean ${dataDir}?`);
    expect((await run(args, { env: { CLAUDE_MEM_DATA_DIR: '$HOME/x' } })).stderr).toContain(
      `Did you mean ${join(home, 'x')}?`,
    );
    expect(readdirSync(home)).toEqual(['.claude-mem']);
  });

  test('a named data dir that does not exist fails a check of doctor', async () => {
    const { run, home } = aHome();
    const { status, stdout } = await run(['doctor', 'data-dir', '--data-dir', join(home, 'typo')]);
    expect([status, stdout]).toEqual([1, expect.stringContaining('does not exist')]);
  });

  test('the default data dir may be missing', async () => {
    const { run } = aHome();
    expect((await run(['leaks'])).status).toBe(0);
    expect((await run(['status'])).status).toBe(3);
    expect((await run(['stop'])).status).toBe(0);
  });
});
