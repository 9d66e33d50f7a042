import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ProcessSnapshot } from '../../../../src/core/process/snapshot.ts';
import type { SnapshotRequest } from '../../../../src/operations/ports/process.ts';
import { createProcfsTable } from '../../../../src/platform/linux/table/procfs-table.ts';
import { useTempDir } from '../../../helpers/temp-dir.ts';

/** Every directory created here belongs to this process's user. */
interface FakeProcess {
  readonly name?: string;
  readonly ppid?: number;
  readonly startTicks?: number;
  readonly state?: string;
  readonly threads?: number;
  readonly flags?: number;
  /** A missing file counts as vanished; `unreadable` creates a directory in its place, which cannot be read. */
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

describe('the files read for a process', () => {
  test('reads stat and environment of an ordinary process', async () => {
    put(50, { name: 'sleep', argv: ['sleep', '60'], environ: { HOME: '/root' } });
    expect(await rowOf(50)).toMatchObject({ pid: 50, ppid: 1, pgid: 7, sid: 8, name: 'sleep', command: '' });
    expect(await rowOf(50)).not.toHaveProperty('argv');
  });

  test('reads the command line of a process with the name of a role program', async () => {
    put(50, { name: 'uv', argv: ['uv', 'tool', 'uvx'] });
    expect(await rowOf(50)).toMatchObject({ argv: ['uv', 'tool', 'uvx'], command: 'uv tool uvx' });
  });

  test('reads the command line of a recorded process of any name', async () => {
    put(50, { name: 'sleep', argv: ['sleep', '60'] });
    expect(await rowOf(50, { recordedPids: new Set([50]) })).toMatchObject({ command: 'sleep 60' });
  });

  test('reads the command line of a marked process of any name', async () => {
    put(50, { name: 'tmux', argv: ['tmux'], environ: { CLAUDE_MEM_TREE: 't' } });
    expect(await rowOf(50)).toMatchObject({ treeMark: 't', command: 'tmux' });
  });

  test('reads nothing more of a process with only a data dir mark', async () => {
    put(50, { name: 'bash', argv: ['bash'], environ: { CLAUDE_MEM_DATA_DIR: '/d' } });
    expect(await rowOf(50)).toMatchObject({ dataDirMark: '/d', command: '' });
  });

  test('skips the environment of an unrelated process older than the oldest tree', async () => {
    put(50, { name: 'sleep', startTicks: 99, environ: { CLAUDE_MEM_TREE: 't' } });
    expect(await rowOf(50, { oldestTreeTicks: 100 })).not.toHaveProperty('treeMark');
    expect(await rowOf(50, { oldestTreeTicks: 99 })).toMatchObject({ treeMark: 't' });
  });

  test('reads the marks of a process with the name of a role program at any age', async () => {
    put(50, { name: 'uv', startTicks: 99, environ: { CLAUDE_MEM_TREE: 't' } });
    expect(await rowOf(50, { oldestTreeTicks: 100 })).toMatchObject({ treeMark: 't' });
  });

  test('reads only stat of a kernel thread, regardless of its name and of records', async () => {
    put(50, { name: 'node', flags: 0x00200040, argv: 'unreadable', environ: 'unreadable' });
    const snapshot = await read({ recordedPids: new Set([50]) });
    expect(snapshot.unreadable).toBe(0);
    expect(snapshot.processes.find(({ pid }) => pid === 50)).not.toHaveProperty('uid');
  });

  test('reads the command line of an ancestor of a relevant process', async () => {
    put(20, { name: 'systemd', argv: ['/lib/systemd/systemd', '--user'] });
    put(50, { name: 'sh', ppid: 20, environ: { CLAUDE_MEM_TREE: 't' } });
    put(60, { name: 'node', argv: ['node', 'unrelated'], ppid: 30 });
    put(30, { name: 'sshd', argv: ['sshd'] });
    expect(await rowOf(20)).toMatchObject({ command: '/lib/systemd/systemd --user' });
    expect(await rowOf(1)).toMatchObject({ command: 'init' });
    expect(await rowOf(30)).toMatchObject({ command: '' });
  });

  test('terminates if two rows name each other as parent', async () => {
    put(50, { name: 'uv', ppid: 51, environ: { CLAUDE_MEM_TREE: 't' } });
    put(51, { name: 'uv', ppid: 50, environ: { CLAUDE_MEM_TREE: 't' } });
    expect((await read()).processes).toHaveLength(4);
  });

  test('resolves the data dir of a chroma-mcp', async () => {
    mkdirSync(join(directory(), 'data', 'vectors'), { recursive: true });
    put(50, { name: 'python3.13', argv: ['python', '/x/chroma-mcp', '--data-dir', 'vectors'] });
    symlinkSync(join(directory(), 'data'), join(procRoot(), '50', 'cwd'));
    expect(await rowOf(50)).toMatchObject({ roleDirectory: join(directory(), 'data', 'vectors') });
  });

  test('reads a command line of 100 kB completely, without affecting the next one', async () => {
    const long = 'x'.repeat(100_000);
    put(50, { name: 'node', argv: ['node', long] });
    put(51, { name: 'node', argv: ['node', 'short'] });
    expect((await rowOf(50))?.argv).toEqual(['node', long]);
    expect((await rowOf(51))?.argv).toEqual(['node', 'short']);
  });
});

describe('data beyond the read limit', () => {
  const LONG = 'x'.repeat(200_000);

  test('keeps only the beginning of a long command line of a role program and counts it as unreadable', async () => {
    put(50, { name: 'uvx', argv: ['uvx', 'chroma-mcp', LONG] });
    const snapshot = await read();
    const row = snapshot.processes.find(({ pid }) => pid === 50);
    expect(snapshot).toMatchObject({ complete: true, unreadable: 1 });
    expect(row).toMatchObject({ commandCut: true });
    expect(row?.command).toMatch(/^uvx chroma-mcp x{4000,4096}$/);
    expect(row).not.toHaveProperty('argv');
  });

  test('allocates no arguments for a command line that contains only NUL', async () => {
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
    'counts a long command line of %s as unreadable if the rest may make it a role program: %#',
    async (name, argv, unreadable) => {
      put(50, { name, argv });
      expect(await read()).toMatchObject({ complete: true, unreadable });
    },
  );

  test('counts a long command line of a recorded process of any name as unreadable', async () => {
    put(50, { name: 'sleep', argv: ['sleep', LONG] });
    expect(await read({ recordedPids: new Set([50]) })).toMatchObject({ unreadable: 1 });
  });

  test('knows the marks in the beginning of a long environment, and no others', async () => {
    const marks = { CLAUDE_MEM_TREE: 't', CLAUDE_MEM_ROLE: 'chroma-sync' };
    put(50, { name: 'uv', argv: ['uv'], environ: { ...marks, A: LONG, CLAUDE_MEM_OWNER: 'o' } });
    expect(await rowOf(50)).toMatchObject({
      ...{ treeMark: 't', roleMark: 'chroma-sync', ownerMark: null, dataDirMark: null },
      ...{ environmentCut: true, argv: ['uv'] },
    });
    expect(await read()).toMatchObject({ unreadable: 1 });
  });

  test('data beyond the read limit does not count a long environment of an unrelated program as unreadable', async () => {
    put(50, { name: 'node', argv: ['node', '/srv/app.js'], environ: { A: LONG } });
    put(51, { name: 'sleep', argv: ['sleep', '60'], environ: { A: LONG } });
    expect(await read()).toMatchObject({ complete: true, unreadable: 0 });
    expect(await rowOf(51)).toMatchObject({ treeMark: null, environmentCut: true });
  });

  test('counts a process once whose command line and environment are both too long', async () => {
    put(50, { name: 'uv', argv: ['uv', LONG], environ: { A: LONG } });
    expect(await read()).toMatchObject({ unreadable: 1 });
  });

  test('treats a stat longer than 64 KiB as unreadable', async () => {
    put(50, { name: 'x'.repeat(70_000) });
    expect(await read()).toMatchObject({ unreadable: 1 });
  });
});

describe('unreadable data', () => {
  test.each([
    ['its stat', { stat: 'unreadable' }, 1],
    ['its stat, torn', { stat: 'torn' }, 1],
    ['its command line', { name: 'uv', argv: 'unreadable' }, 1],
    ['its command line, of an unrelated program', { name: 'sleep', argv: 'unreadable' }, 0],
    ['its environment', { name: 'uv', environ: 'unreadable' }, 0],
  ] as const)('%s', async (_, fake, unreadable) => {
    put(50, fake);
    const snapshot = await read();
    expect(snapshot).toMatchObject({ complete: true, unreadable });
    expect(snapshot.processes.map(({ pid }) => pid)).toContain(50);
  });

  test('counts an unreadable command line of a recorded process of any name', async () => {
    put(50, { name: 'sleep', argv: 'unreadable' });
    expect(await read({ recordedPids: new Set([50]) })).toMatchObject({ unreadable: 1 });
  });

  test('an unreadable environment leaves the marks unknown, not absent', async () => {
    put(50, { name: 'uv', argv: ['uv'], environ: 'unreadable' });
    expect(await rowOf(50)).toMatchObject({ treeMark: null, ownerMark: null, roleMark: null, command: 'uv' });
  });

  test('the empty environment of a dead leader with living threads is unknown', async () => {
    put(50, { name: 'node', state: 'Z', threads: 3, argv: [], environ: {} });
    expect(await rowOf(50)).toMatchObject({ state: 'Z', threads: 3, argv: [], treeMark: null });
  });

  test('an unreadable stat leaves a row that only shows that the pid is in use', async () => {
    put(50, { stat: 'unreadable' });
    const row = await rowOf(50);
    expect(row).toMatchObject({ pid: 50, name: '', command: '' });
    expect(row).not.toHaveProperty('startTicks');
    expect(Date.parse(row!.startedAt)).toBeLessThan(Date.now());
  });

  test.each(['stat', 'argv', 'environ'] as const)(
    'a process that vanishes before its %s is read has no row',
    async (part) => {
      put(50, { name: 'uv', [part]: 'absent' });
      const snapshot = await read();
      expect(snapshot).toMatchObject({ complete: true, unreadable: 0 });
      expect(snapshot.processes.map(({ pid }) => pid)).not.toContain(50);
    },
  );
});

describe('one reading', () => {
  test('"now" is the newest start if that is later than the age of this process', async () => {
    put(50, { startTicks: 987_654_321 });
    expect(await read()).toMatchObject({ nowTicks: 987_654_321 });
  });

  test('"now" is the start plus age of this process if no start is newer', async () => {
    const { nowTicks } = await read();
    expect(nowTicks).toBeGreaterThanOrEqual(100);
    expect(nowTicks).toBeLessThanOrEqual(100 + Math.ceil(process.uptime() * 100));
  });

  test('a listing without pid 1 is incomplete', async () => {
    const table = createProcfsTable({ procRoot: join(directory(), 'other') });
    mkdirSync(join(directory(), 'other'));
    symlinkSync(String(process.pid), join(directory(), 'other', 'self'));
    const request = { dataDir: '/d', recordedPids: new Set<number>(), memory: false };
    expect(await table.snapshot(request)).toMatchObject({ complete: false });
  });

  test.each([
    ['does not exist', 'absent', undefined],
    ['shows this process under another pid', 'foreign', '1'],
    ['does not show this process', 'empty', undefined],
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

  test('a foreign /proc that shows this process under its own pid by chance is refused', async () => {
    writeFileSync(join(procRoot(), String(process.pid), 'status'), `NSpid:\t${process.pid}\t${process.pid}\n`);
    await expect(read()).rejects.toMatchObject({ code: 'process-table-unreadable' });
  });
});
