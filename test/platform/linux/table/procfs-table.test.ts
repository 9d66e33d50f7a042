import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ProcessSnapshot } from '../../../../src/core/process/snapshot.ts';
import type { SnapshotRequest } from '../../../../src/operations/ports/process.ts';
import { createProcfsTable } from '../../../../src/platform/linux/table/procfs-table.ts';
import { useTempDir } from '../../../helpers/temp-dir.ts';

/** The owner of every directory made here is the reader itself. */
interface FakeProcess {
  readonly name?: string;
  readonly ppid?: number;
  readonly startTicks?: number;
  readonly state?: string;
  readonly threads?: number;
  readonly flags?: number;
  /** A file that is absent reads as vanished; `unreadable` puts a directory in its place, which no read gets through. */
  readonly stat?: 'torn' | 'unreadable' | 'absent';
  readonly argv?: readonly string[] | 'unreadable' | 'absent';
  readonly environ?: Readonly<Record<string, string>> | 'unreadable' | 'absent';
}

const directory = useTempDir();
const procRoot = () => join(directory(), 'proc');

beforeEach(() => {
  mkdirSync(procRoot());
  symlinkSync(String(process.pid), join(procRoot(), 'self'));
  put(1, { name: 'init', ppid: 0, startTicks: 1 });
  put(process.pid, { name: 'node', argv: ['node', 'test'] });
});

function put(pid: number, fake: FakeProcess): void {
  const folder = join(procRoot(), String(pid));
  mkdirSync(folder, { recursive: true });
  const { name = 'sleep', ppid = 1, startTicks = 100, state = 'S', threads = 1, flags = 4194304 } = fake;
  const line = `${pid} (${name}) ${state} ${ppid} 7 8 0 -1 ${flags} 0 0 0 0 0 0 0 0 20 0 ${threads} 0 ${startTicks} 1 2 3\n`;
  putFile(join(folder, 'stat'), fake.stat === 'torn' ? line.slice(0, 20) : (fake.stat ?? line));
  putFile(join(folder, 'cmdline'), typeof fake.argv === 'string' ? fake.argv : nulEnded(fake.argv ?? [name]));
  const { environ = {} } = fake;
  const variables =
    typeof environ === 'string' ? environ : Object.entries(environ).map(([key, value]) => `${key}=${value}`);
  putFile(join(folder, 'environ'), typeof variables === 'string' ? variables : nulEnded(variables));
}

function nulEnded(parts: readonly string[]): string {
  return parts.map((part) => `${part}\0`).join('');
}

function putFile(path: string, content: string): void {
  if (content === 'absent') return;
  if (content === 'unreadable') mkdirSync(path);
  else writeFileSync(path, content);
}

function read(request: Partial<SnapshotRequest> = {}): Promise<ProcessSnapshot> {
  const table = createProcfsTable({ procRoot: procRoot() });
  return table.snapshot({ dataDir: join(directory(), 'data'), recordedPids: new Set(), memory: false, ...request });
}

async function rowOf(pid: number, request: Partial<SnapshotRequest> = {}) {
  return (await read(request)).processes.find((row) => row.pid === pid);
}

describe('what is read of a process', () => {
  test('of an ordinary one: stat, and its environment for marks', async () => {
    put(50, { name: 'sleep', argv: ['sleep', '60'], environ: { HOME: '/root' } });
    expect(await rowOf(50)).toMatchObject({ pid: 50, ppid: 1, pgid: 7, sid: 8, name: 'sleep', command: '' });
    expect(await rowOf(50)).not.toHaveProperty('argv');
  });

  test('of one that bears a name of ours: its command line', async () => {
    put(50, { name: 'uv', argv: ['uv', 'tool', 'uvx'] });
    expect(await rowOf(50)).toMatchObject({ argv: ['uv', 'tool', 'uvx'], command: 'uv tool uvx' });
  });

  test('of a recorded one, whatever its name', async () => {
    put(50, { name: 'sleep', argv: ['sleep', '60'] });
    expect(await rowOf(50, { recordedPids: new Set([50]) })).toMatchObject({ command: 'sleep 60' });
  });

  test('of a marked one, whatever its name', async () => {
    put(50, { name: 'tmux', argv: ['tmux'], environ: { CLAUDE_MEM_TREE: 't' } });
    expect(await rowOf(50)).toMatchObject({ treeMark: 't', command: 'tmux' });
  });

  test('of one that merely knows the data dir: nothing more', async () => {
    put(50, { name: 'bash', argv: ['bash'], environ: { CLAUDE_MEM_DATA_DIR: '/d' } });
    expect(await rowOf(50)).toMatchObject({ dataDirMark: '/d', command: '' });
  });

  test('of one older than the oldest tree, of no name of ours: no environment', async () => {
    put(50, { name: 'sleep', startTicks: 99, environ: { CLAUDE_MEM_TREE: 't' } });
    expect(await rowOf(50, { oldestTreeTicks: 100 })).not.toHaveProperty('treeMark');
    expect(await rowOf(50, { oldestTreeTicks: 99 })).toMatchObject({ treeMark: 't' });
  });

  test('of one that bears a name of ours: its marks, whatever its age', async () => {
    put(50, { name: 'uv', startTicks: 99, environ: { CLAUDE_MEM_TREE: 't' } });
    expect(await rowOf(50, { oldestTreeTicks: 100 })).toMatchObject({ treeMark: 't' });
  });

  test('of a kernel thread: stat, whatever it is called and whoever recorded its pid', async () => {
    put(50, { name: 'node', flags: 0x00200040, argv: 'unreadable', environ: 'unreadable' });
    const snapshot = await read({ recordedPids: new Set([50]) });
    expect(snapshot.unreadable).toBe(0);
    expect(snapshot.processes.find(({ pid }) => pid === 50)).not.toHaveProperty('uid');
  });

  test('of an ancestor of what matters: its command line, for the evidence', async () => {
    put(20, { name: 'systemd', argv: ['/lib/systemd/systemd', '--user'] });
    put(50, { name: 'sh', ppid: 20, environ: { CLAUDE_MEM_TREE: 't' } });
    put(60, { name: 'node', argv: ['node', 'unrelated'], ppid: 30 });
    put(30, { name: 'sshd', argv: ['sshd'] });
    expect(await rowOf(20)).toMatchObject({ command: '/lib/systemd/systemd --user' });
    expect(await rowOf(1)).toMatchObject({ command: 'init' });
    expect(await rowOf(30)).toMatchObject({ command: '' });
  });

  test('parents that name each other do not hold the reading up', async () => {
    put(50, { name: 'uv', ppid: 51, environ: { CLAUDE_MEM_TREE: 't' } });
    put(51, { name: 'uv', ppid: 50, environ: { CLAUDE_MEM_TREE: 't' } });
    expect((await read()).processes).toHaveLength(4);
  });

  test('of a chroma-mcp: where its data dir really is', async () => {
    mkdirSync(join(directory(), 'data', 'vectors'), { recursive: true });
    put(50, { name: 'python3.13', argv: ['python', '/x/chroma-mcp', '--data-dir', 'vectors'] });
    symlinkSync(join(directory(), 'data'), join(procRoot(), '50', 'cwd'));
    expect(await rowOf(50)).toMatchObject({ roleDirectory: join(directory(), 'data', 'vectors') });
  });

  test('of one with a command line of 100 kB: all of it, and the next one unharmed', async () => {
    const long = 'x'.repeat(100_000);
    put(50, { name: 'node', argv: ['node', long] });
    put(51, { name: 'node', argv: ['node', 'short'] });
    expect((await rowOf(50))?.argv).toEqual(['node', long]);
    expect((await rowOf(51))?.argv).toEqual(['node', 'short']);
  });
});

describe('what goes on beyond what is read', () => {
  const LONG = 'x'.repeat(200_000);

  test('a command line of a name of ours: its beginning for people, no arguments, and unreadable', async () => {
    put(50, { name: 'uvx', argv: ['uvx', 'chroma-mcp', LONG] });
    const snapshot = await read();
    const row = snapshot.processes.find(({ pid }) => pid === 50);
    expect(snapshot).toMatchObject({ complete: true, unreadable: 1 });
    expect(row).toMatchObject({ commandCut: true });
    expect(row?.command).toMatch(/^uvx chroma-mcp x{4000,4096}$/);
    expect(row).not.toHaveProperty('argv');
  });

  test('a command line of nothing but NUL takes no memory for its arguments', async () => {
    put(50, { name: 'uvx', argv: ['\0'.repeat(200_000)] });
    expect(await read()).toMatchObject({ unreadable: 1 });
    expect(await rowOf(50)).toMatchObject({ command: '', commandCut: true });
  });

  test.each<[string, readonly string[], number]>([
    ['node', ['node', '/srv/app.js', 'more', LONG], 0],
    ['node', ['node', '/opt/claude-mem/dist/worker.js', 'more', LONG], 1],
    ['bun', ['bun', '/plugins/worker-service.cjs', 'more', LONG], 1],
    ['node', ['node', LONG], 1],
    ['node', ['node', '--flag', LONG], 1],
    ['python3', ['python3', '/srv/app.py', 'more', LONG], 1],
    ['editor', ['editor', 'more', LONG], 0],
  ])(
    'a command line of %s counts as unreadable where the rest may make it ours: %#',
    async (name, argv, unreadable) => {
      put(50, { name, argv });
      expect(await read()).toMatchObject({ complete: true, unreadable });
    },
  );

  test('a command line of a recorded process counts, whatever its name', async () => {
    put(50, { name: 'sleep', argv: ['sleep', LONG] });
    expect(await read({ recordedPids: new Set([50]) })).toMatchObject({ unreadable: 1 });
  });

  test('an environment: marks in its beginning are known, others unknown', async () => {
    const marks = { CLAUDE_MEM_TREE: 't', CLAUDE_MEM_ROLE: 'chroma-sync' };
    put(50, { name: 'uv', argv: ['uv'], environ: { ...marks, A: LONG, CLAUDE_MEM_OWNER: 'o' } });
    expect(await rowOf(50)).toMatchObject({
      ...{ treeMark: 't', roleMark: 'chroma-sync', ownerMark: null, dataDirMark: null },
      ...{ environmentCut: true, argv: ['uv'] },
    });
    expect(await read()).toMatchObject({ unreadable: 1 });
  });

  test('an environment of a program that is none of ours is nothing unreadable', async () => {
    put(50, { name: 'node', argv: ['node', '/srv/app.js'], environ: { A: LONG } });
    put(51, { name: 'sleep', argv: ['sleep', '60'], environ: { A: LONG } });
    expect(await read()).toMatchObject({ complete: true, unreadable: 0 });
    expect(await rowOf(51)).toMatchObject({ treeMark: null, environmentCut: true });
  });

  test('a process whose command line and environment are both too long counts once', async () => {
    put(50, { name: 'uv', argv: ['uv', LONG], environ: { A: LONG } });
    expect(await read()).toMatchObject({ unreadable: 1 });
  });

  test('a stat longer than 64 KiB is unreadable', async () => {
    put(50, { name: 'x'.repeat(70_000) });
    expect(await read()).toMatchObject({ unreadable: 1 });
  });
});

describe('what could not be read', () => {
  test.each([
    ['its stat', { stat: 'unreadable' }, 1],
    ['its stat, torn', { stat: 'torn' }, 1],
    ['its command line', { name: 'uv', argv: 'unreadable' }, 1],
    ['its command line, of no name of ours', { name: 'sleep', argv: 'unreadable' }, 0],
    ['its environment', { name: 'uv', environ: 'unreadable' }, 0],
  ] as const)('%s', async (_, fake, unreadable) => {
    put(50, fake);
    const snapshot = await read();
    expect(snapshot).toMatchObject({ complete: true, unreadable });
    expect(snapshot.processes.map(({ pid }) => pid)).toContain(50);
  });

  test('a command line of a recorded one counts, whatever its name', async () => {
    put(50, { name: 'sleep', argv: 'unreadable' });
    expect(await read({ recordedPids: new Set([50]) })).toMatchObject({ unreadable: 1 });
  });

  test('an environment leaves the marks unknown, not absent', async () => {
    put(50, { name: 'uv', argv: ['uv'], environ: 'unreadable' });
    expect(await rowOf(50)).toMatchObject({ treeMark: null, ownerMark: null, roleMark: null, command: 'uv' });
  });

  test('the environment of a dead leader whose threads live is unknown too: its file is empty', async () => {
    put(50, { name: 'node', state: 'Z', threads: 3, argv: [], environ: {} });
    expect(await rowOf(50)).toMatchObject({ state: 'Z', threads: 3, argv: [], treeMark: null });
  });

  test('a stat leaves a row that says only that the pid is taken, so that nobody takes it for gone', async () => {
    put(50, { stat: 'unreadable' });
    const row = await rowOf(50);
    expect(row).toMatchObject({ pid: 50, name: '', command: '' });
    expect(row).not.toHaveProperty('startTicks');
    expect(Date.parse(row!.startedAt)).toBeLessThan(Date.now());
  });

  test.each(['stat', 'argv', 'environ'] as const)('one that vanishes before its %s is read is no row', async (part) => {
    put(50, { name: 'uv', [part]: 'absent' });
    const snapshot = await read();
    expect(snapshot).toMatchObject({ complete: true, unreadable: 0 });
    expect(snapshot.processes.map(({ pid }) => pid)).not.toContain(50);
  });
});

describe('the reading itself', () => {
  test('"now" is the newest start where that is later than our own age', async () => {
    put(50, { startTicks: 987_654_321 });
    expect(await read()).toMatchObject({ nowTicks: 987_654_321 });
  });

  test('"now" is our own start and age where nothing is newer', async () => {
    const { nowTicks } = await read();
    expect(nowTicks).toBeGreaterThanOrEqual(100);
    expect(nowTicks).toBeLessThanOrEqual(100 + Math.ceil(process.uptime() * 100));
  });

  test('where pid 1 is not listed, more may be missing', async () => {
    const table = createProcfsTable({ procRoot: join(directory(), 'other') });
    mkdirSync(join(directory(), 'other'));
    symlinkSync(String(process.pid), join(directory(), 'other', 'self'));
    const request = { dataDir: '/d', recordedPids: new Set<number>(), memory: false };
    expect(await table.snapshot(request)).toMatchObject({ complete: false });
  });

  test.each([
    ['is not there', 'absent', undefined],
    ['shows us under another pid', 'foreign', '1'],
    ['does not show us', 'empty', undefined],
  ])('a /proc that %s is refused with a hint', async (_, name, self) => {
    const root = join(directory(), name);
    if (name !== 'absent') mkdirSync(root);
    if (self !== undefined) symlinkSync(self, join(root, 'self'));
    const reading = createProcfsTable({ procRoot: root }).snapshot({
      dataDir: '/d',
      recordedPids: new Set(),
      memory: false,
    });
    await expect(reading).rejects.toMatchObject({
      code: 'process-table-unreadable',
      hint: expect.stringContaining('proc') as string,
    });
  });

  test('a /proc that shows us under our own pid by chance is refused too', async () => {
    writeFileSync(join(procRoot(), String(process.pid), 'status'), `NSpid:\t${process.pid}\t${process.pid}\n`);
    await expect(read()).rejects.toMatchObject({ code: 'process-table-unreadable' });
  });
});
