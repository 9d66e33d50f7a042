import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isNotYounger } from '../../../src/core/process/identity.ts';
import type { SnapshotRequest } from '../../../src/operations/ports/process.ts';
import { parseProcessList } from '../../../src/platform/windows/table/process-list.ts';
import { createNativeTable } from '../../../src/platform/windows/table/native-table.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { type FakeProcess, fakeNative, listOf, OWN_USER, STARTED } from './fake-native.ts';

const DATA_DIR = String.raw`C:\Users\Ada Lovelace\.claude-mem`;
const CHROMA = String.raw`"C:\Program Files\Python\python.exe" chroma-mcp --data-dir "${DATA_DIR}\vectors"`;
const MARKED = 'CLAUDE_MEM_TREE=t\0CLAUDE_MEM_OWNER=5:6:b:\0CLAUDE_MEM_ROLE=chroma-sync\0\0';

async function read(processes: readonly FakeProcess[], request: Partial<SnapshotRequest> = {}) {
  const self: FakeProcess = { pid: process.pid, name: 'node.exe', command: 'node.exe' };
  const table = createNativeTable(fakeNative([self, ...processes]));
  const snapshot = await table.snapshot({ dataDir: DATA_DIR, recordedPids: new Set(), memory: false, ...request });
  return { snapshot, row: snapshot.processes.find(({ pid }) => pid === processes[0]?.pid) };
}

test('a row has the exact start, the user, the command line and the marks', async () => {
  const { snapshot, row } = await read([{ pid: 40, name: 'python.exe', command: CHROMA, environment: MARKED }]);
  expect(row).toEqual({
    pid: 40,
    ppid: 4,
    name: 'python.exe',
    threads: 1,
    startTicks: Number(STARTED - 132_223_104_000_000_000n),
    startedAt: '2026-11-24T13:20:00.000Z',
    uid: snapshot.self.uid,
    command: CHROMA,
    argv: [String.raw`C:\Program Files\Python\python.exe`, 'chroma-mcp', '--data-dir', String.raw`${DATA_DIR}\vectors`],
    treeMark: 't',
    ownerMark: '5:6:b:',
    roleMark: 'chroma-sync',
    cpuTicks: 0,
    rssBytes: 11,
    pssBytes: 22,
  });
  expect(snapshot).toMatchObject({ complete: true, unreadable: 0, platform: 'win32', source: 'native' });
});

test('two starts 100 ns apart are different', async () => {
  const { snapshot } = await read([
    { pid: 40, name: 'a.exe', started: STARTED },
    { pid: 44, name: 'b.exe', started: STARTED + 1n },
  ]);
  const [, earlier, later] = snapshot.processes;
  expect(isNotYounger(earlier!, later!, snapshot)).toBe(true);
  expect(isNotYounger(later!, earlier!, snapshot)).toBe(false);
});

test('a process that refuses its memory has unknown marks, and is unreadable without a command line', async () => {
  const { snapshot, row } = await read([{ pid: 40, name: 'python.exe', command: CHROMA, allows: 'query' }]);
  expect(row).toMatchObject({ treeMark: null, ownerMark: null, roleMark: null, dataDirMark: null, command: '' });
  expect(row?.uid).toBe(snapshot.self.uid);
  expect(snapshot.unreadable).toBe(1);
});

test('a process that cannot be opened has no user, and is unreadable only with the name of a role program', async () => {
  const { snapshot, row } = await read([
    { pid: 40, name: 'python.exe', allows: 'nothing' },
    { pid: 44, name: 'lsass.exe', allows: 'nothing' },
    { pid: 48, name: 'cmd.exe', allows: 'nothing' },
  ]);
  expect(row).not.toHaveProperty('uid');
  expect(snapshot.unreadable).toBe(1);
});

test('a 32-bit process has unknown marks', async () => {
  const { row } = await read([{ pid: 40, name: 'python.exe', command: CHROMA, environment: MARKED, is32Bit: true }]);
  expect(row).toMatchObject({ treeMark: null, command: '' });
});

test("another user's environment is not read", async () => {
  const { snapshot, row } = await read([
    { pid: 40, name: 'python.exe', command: CHROMA, environment: MARKED, user: OWN_USER + 1 },
  ]);
  expect(row?.uid).not.toBe(snapshot.self.uid);
  expect(row).not.toHaveProperty('treeMark');
});

test('an environment beyond the limit is cut, and marks beyond it are unknown', async () => {
  const environment = `CLAUDE_MEM_TREE=t\0${'x'.repeat(200_000)}\0CLAUDE_MEM_ROLE=worker\0\0`;
  const { row } = await read([{ pid: 40, name: 'python.exe', command: CHROMA, environment }]);
  expect(row).toMatchObject({ treeMark: 't', roleMark: null, environmentCut: true });
});

test('an environment of an impossible size gives unknown marks', async () => {
  const claimed = { claimedEnvironmentBytes: Number.MAX_SAFE_INTEGER };
  const { row } = await read([{ pid: 40, name: 'python.exe', command: CHROMA, environment: MARKED, ...claimed }]);
  expect(row).toMatchObject({ treeMark: null });
});

test('a process of the name of no role program is read for its marks only if it is as young as the oldest tree', async () => {
  const process: FakeProcess = { pid: 40, name: 'editor.exe', command: 'editor.exe', environment: MARKED };
  const young = await read([process], { oldestTreeTicks: 0 });
  expect(young.row).toMatchObject({ treeMark: 't', command: 'editor.exe' });
  const old = await read([process], { oldestTreeTicks: Number.MAX_SAFE_INTEGER });
  expect(old.row).not.toHaveProperty('treeMark');
});

test('a network path on a command line or in a mark is compared as written, and never looked at', async () => {
  const directory = tempDir();
  mkdirSync(join(directory, 'data', 'vectors'), { recursive: true });
  symlinkSync(join(directory, 'data'), join(directory, 'link'));
  const readFrom = (path: string) => {
    const command = `python.exe chroma-mcp --data-dir ${path}/vectors`;
    const environment = `CLAUDE_MEM_TREE=t\0CLAUDE_MEM_DATA_DIR=${path}\0\0`;
    return read([{ pid: 40, name: 'python.exe', command, environment }], { dataDir: join(directory, 'data') });
  };
  expect((await readFrom(join(directory, 'link'))).row).toMatchObject({
    roleDirectory: join(directory, 'data', 'vectors'),
    dataDirMark: join(directory, 'data'),
  });
  const { row } = await readFrom(`/${join(directory, 'link')}`);
  expect(row).not.toHaveProperty('roleDirectory');
  expect(row?.dataDirMark).toBe(`/${join(directory, 'link')}`);
});

test('the idle process and processes that have ended are left out', async () => {
  const { snapshot } = await read([
    { pid: 0, name: '' },
    { pid: 40, name: 'python.exe', threads: 0 },
  ]);
  expect(snapshot.processes.map(({ pid }) => pid)).toEqual([process.pid]);
});

test('a row is left out if its pid belongs to a later process than the listed one', async () => {
  const native = fakeNative([
    { pid: process.pid, name: 'node.exe', command: 'n' },
    { pid: 40, name: 'python.exe' },
  ]);
  const { querySystemInformation } = fakeNative([
    { pid: process.pid, name: 'node.exe' },
    { pid: 40, name: 'python.exe', started: STARTED - 1n },
  ]);
  const table = createNativeTable({ ...native, querySystemInformation });
  const { processes } = await table.snapshot({ dataDir: DATA_DIR, recordedPids: new Set(), memory: false });
  expect(processes.map(({ pid }) => pid)).toEqual([process.pid]);
});

test('a listing without this process is incomplete', async () => {
  const table = createNativeTable(fakeNative([{ pid: 40, name: 'a.exe' }]));
  const snapshot = await table.snapshot({ dataDir: DATA_DIR, recordedPids: new Set(), memory: false });
  expect(snapshot.complete).toBe(false);
});

test('a listing longer than the buffer is read again into a longer one', async () => {
  const many = Array.from({ length: 5_000 }, (_, index) => ({ pid: 8 + index * 4, name: 'a.exe' }));
  const { snapshot } = await read(
    many.filter(({ pid }) => pid !== process.pid),
    {
      oldestTreeTicks: Number.MAX_SAFE_INTEGER,
    },
  );
  expect(snapshot.processes.length).toBeGreaterThanOrEqual(5_000);
});

test('a torn listing is no listing', () => {
  const list = listOf([
    { pid: 40, name: 'a.exe' },
    { pid: 44, name: 'b.exe' },
  ]);
  expect(parseProcessList(list, 0n)).toHaveLength(2);
  expect(parseProcessList(list.subarray(0, list.length - 80), 0n)).toBeUndefined();
  // Names before or behind the buffer.
  expect(parseProcessList(list, 1_000_000n)).toBeUndefined();
  expect(parseProcessList(list, -1_000_000n)).toBeUndefined();
});

test('a console host has no marks, also with those of its program in its environment', async () => {
  const { row } = await read([{ pid: 40, name: 'conhost.exe', command: 'conhost.exe', environment: MARKED }]);
  expect([row?.treeMark, row?.ownerMark, row?.roleMark]).toEqual([undefined, undefined, undefined]);
});

test('a process that ended while it was read is not listed', async () => {
  const { snapshot, row } = await read([{ pid: 40, name: 'python.exe', allows: 'query', hasEnded: true }]);
  expect(row).toBeUndefined();
  expect(snapshot.unreadable).toBe(0);
});

test('a process that has just begun is read again until it has its command line', async () => {
  const starting = { pid: 40, name: 'python.exe', command: CHROMA, started: fileTimeOf(Date.now()) };
  const refused = { ...starting, allows: 'query' } as const;
  let listings = 0;
  const self = { pid: process.pid, name: 'node.exe', command: 'node.exe' };
  const [before, after] = [fakeNative([self, refused]), fakeNative([self, starting])];
  const table = createNativeTable({
    ...before,
    openProcess: (...values) => (listings === 1 ? before : after).openProcess(...values),
    querySystemInformation: (...values) => {
      listings += 1;
      return before.querySystemInformation(...values);
    },
  });
  const snapshot = await table.snapshot({ dataDir: DATA_DIR, recordedPids: new Set(), memory: false });
  expect(snapshot).toMatchObject({ unreadable: 0, complete: true });
  expect(listings).toBe(2);
});

const fileTimeOf = (ms: number): bigint => BigInt(ms) * 10_000n + 116_444_736_000_000_000n;
