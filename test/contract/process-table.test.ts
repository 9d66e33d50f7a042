import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import pidtree from 'pidtree';
import { describe, expect, test, vi } from 'vitest';
import { isChromaOfDataDir } from '../../src/core/process/role-program.ts';
import type { ProcessRow, ProcessSnapshot } from '../../src/core/process/snapshot.ts';
import type { ProcessTable, SnapshotRequest } from '../../src/operations/ports/process.ts';
import { createProcfsTable } from '../../src/platform/linux/table/procfs-table.ts';
import { createPsListTable } from '../../src/platform/posix/ps-list-table.ts';
import { loadWindowsNative, STATUS_ACCESS_DENIED } from '../../src/platform/windows/native/load-native.ts';
import { createNativeTable } from '../../src/platform/windows/table/native-table.ts';
import { eventually } from '../helpers/eventually.ts';
import { useTempDir } from '../helpers/temp-dir.ts';
import { cleanEnvironment, endChild, findPython, useChildren, WAITING_NODE, WATCHDOG_SECONDS } from './children.ts';

interface Reader {
  readonly source: string;
  readonly platforms: readonly NodeJS.Platform[];
  readonly precisionMs: number;
  readonly create: () => ProcessTable;
  /** The same reader where it cannot see anything. */
  readonly createBlind: (emptyDirectory: string) => ProcessTable;
}

const READERS: readonly Reader[] = [
  {
    source: 'procfs',
    platforms: ['linux'],
    precisionMs: 0,
    create: () => createProcfsTable(),
    createBlind: (emptyDirectory) => createProcfsTable({ procRoot: emptyDirectory }),
  },
  {
    source: 'ps-list',
    platforms: ['linux', 'darwin', 'freebsd'],
    precisionMs: 2_000,
    create: () => createPsListTable(),
    createBlind: (emptyDirectory) => {
      vi.stubEnv('PATH', emptyDirectory);
      return createPsListTable();
    },
  },
  {
    source: 'native',
    platforms: ['win32'],
    precisionMs: 0,
    create: () => createNativeTable(loadWindowsNative()!),
    createBlind: () =>
      createNativeTable({ ...loadWindowsNative()!, querySystemInformation: () => STATUS_ACCESS_DENIED }),
  },
];

const READABLE = READERS.filter((reader) => reader.platforms.includes(process.platform));
const PYTHON = findPython();
/** Only Linux shows every environment of one's own; elsewhere a mark may be hidden, but never wrong. */
const SHOWS_ENVIRONMENTS = process.platform === 'linux' || process.platform === 'win32';
const IS_WINDOWS = process.platform === 'win32';
/** Windows has no user numbers, so the reader makes one. */
const OWN_UID = process.getuid?.() ?? (expect.any(Number) as number);

const children = useChildren();
const directory = useTempDir();

function read(table: ProcessTable, request: Partial<SnapshotRequest> = {}): Promise<ProcessSnapshot> {
  return table.snapshot({ dataDir: directory(), recordedPids: new Set(), memory: false, ...request });
}

/** The row of a process, once it shows what it is to show: between fork and exec it looks like its parent. */
function rowOf(table: ProcessTable, matches: (row: ProcessRow) => boolean, request: Partial<SnapshotRequest> = {}) {
  return eventually('the row', async () => (await read(table, request)).processes.find(matches));
}

function commandLine(row: ProcessRow): string {
  return row.argv === undefined || row.argv.length === 0 ? row.command : row.argv.join(' ');
}

describe.each(READABLE)('the $source reader', ({ source, create, createBlind, precisionMs }) => {
  const table = create();

  test('sees itself, its parent and its owner', async () => {
    const snapshot = await read(table);
    const self = snapshot.processes.find((row) => row.pid === process.pid);
    expect(self).toMatchObject({ ppid: process.ppid, uid: OWN_UID });
    expect(snapshot).toMatchObject({ source, complete: true, platform: process.platform });
    expect(snapshot.self).toEqual({ pid: process.pid, uid: OWN_UID });
  });

  test('reads starts within its declared precision', async () => {
    const bornAfter = Date.now();
    const { pid } = children.start(process.execPath, WAITING_NODE);
    const bornBefore = Date.now();
    const row = await rowOf(table, (candidate) => candidate.pid === pid);
    expect((await read(table)).startPrecisionMs).toBe(precisionMs);
    // A reader whose starts are exact in ticks derives the date from the clock, which is good for a few ticks.
    const toleranceMs = Math.max(precisionMs, 100);
    expect(Date.parse(row.startedAt)).toBeGreaterThanOrEqual(bornAfter - toleranceMs);
    expect(Date.parse(row.startedAt)).toBeLessThanOrEqual(bornBefore + toleranceMs);
  });

  test('reads the same start for a process every time', async () => {
    const marks = new Set<unknown>();
    for (let reading = 0; reading < 5; reading += 1) {
      const row = (await read(table)).processes.find(({ pid }) => pid === process.pid);
      marks.add(row?.startTicks ?? row?.startedAt);
    }
    expect(marks.size).toBe(1);
  });

  test('sees a new child under its parent with its command line, and not once it is dead', async () => {
    const child = children.start(process.execPath, [...WAITING_NODE, 'one', '--data-dir', 'zoë']);
    const row = await rowOf(table, ({ pid, command }) => pid === child.pid && command.includes('zoë'));
    expect(row).toMatchObject({ ppid: process.pid, name: expect.stringMatching(/^node|^MainThread/) as string });
    expect(commandLine(row)).toBe([process.execPath, ...WAITING_NODE, 'one', '--data-dir', 'zoë'].join(' '));
    expect(row.executable ?? process.execPath).toMatch(/node/);

    await endChild(child);
    expect((await read(table)).processes.map(({ pid }) => pid)).not.toContain(child.pid);
  });

  test.skipIf(IS_WINDOWS)('reads the process group of a child, inherited or new', async () => {
    const own = (await read(table)).processes.find(({ pid }) => pid === process.pid)?.pgid;
    const plain = children.start(process.execPath, WAITING_NODE);
    const leader = children.start(process.execPath, WAITING_NODE, { detached: true });
    expect((await rowOf(table, ({ pid }) => pid === plain.pid)).pgid).toBe(own);
    expect((await rowOf(table, ({ pid, pgid }) => pid === leader.pid && pgid === pid)).pgid).toBe(leader.pid);
  });

  test.skipIf(IS_WINDOWS)('reports an exited child that was not waited for as a zombie', async () => {
    const child = children.start('sh', ['-c', `(exit 0) & exec sleep ${WATCHDOG_SECONDS}`]);
    const zombie = await rowOf(table, ({ ppid, state }) => ppid === child.pid && state === 'Z');
    expect(zombie).toMatchObject({ name: 'sh' });
    const recordedPids = new Set([zombie.pid]);
    // The count is of the whole machine, on which other tests start what is hard to read.
    await eventually('nothing unreadable', async () => (await read(table, { recordedPids })).unreadable === 0);
  });

  test.skipIf(IS_WINDOWS)('parses a name with spaces and parentheses', async () => {
    const program = join(directory(), 'a b) (c');
    symlinkSync(process.execPath, program);
    const child = children.start(program, WAITING_NODE);
    // The name is not that of a role program. The process is read to the end because its pid is recorded.
    const recordedPids = new Set([child.pid]);
    const isReady = ({ pid, command }: ProcessRow) => pid === child.pid && command.startsWith(program);
    const row = await rowOf(table, isReady, { recordedPids });
    expect(row).toMatchObject({ pid: child.pid, ppid: process.pid, uid: OWN_UID });
    expect(row.state).toMatch(/^[RSD]$/);
    expect(Number.isNaN(Date.parse(row.startedAt))).toBe(false);
  });

  test.skipIf(IS_WINDOWS)('reads the tree that pidtree reads', async () => {
    const shell = children.start('sh', ['-c', `sleep ${WATCHDOG_SECONDS} & echo $!; wait`]);
    const [output] = (await once(shell.stdout!, 'data')) as [Buffer];
    const grandchild = Number(output.toString());
    children.endLater(grandchild);
    const { processes } = await read(table);
    const below = processes.filter(({ ppid }) => ppid === shell.pid).map(({ pid }) => pid);
    expect(below).toEqual(await pidtree(shell.pid));
    expect(below).toEqual([grandchild]);
  });

  test('the $source reader does not list its own helper processes', async () => {
    const { processes } = await read(table);
    const own = processes.filter(({ ppid }) => ppid === process.pid);
    expect(own.filter(({ name }) => name === 'ps')).toEqual([]);
  });

  test('throws if the process table is unreadable, instead of listing none', async () => {
    const blind = createBlind(directory());
    try {
      await expect(read(blind)).rejects.toMatchObject({ name: 'ClaudeMemError', code: 'process-table-unreadable' });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  describe.skipIf(PYTHON === undefined)('a chroma-mcp', () => {
    /** A python that looks like chroma-mcp and waits. */
    function startChroma(dataDirArgument: string, environment: Readonly<Record<string, string>>) {
      const script = join(directory(), 'chroma-mcp');
      writeFileSync(script, `import time\ntime.sleep(${WATCHDOG_SECONDS})\n`);
      const args = [script, '--client-type', 'persistent', '--data-dir', dataDirArgument];
      return children.start(PYTHON!, args, { env: cleanEnvironment(environment) });
    }

    /** Its blanks and its umlaut are what real home directories have. */
    function makeDataDir(): string {
      const dataDir = join(directory(), 'my dätä');
      mkdirSync(join(dataDir, 'vectors'), { recursive: true });
      return dataDir;
    }

    test('a chroma-mcp is recognized by its data dir and has its marks', async () => {
      const dataDir = makeDataDir();
      const marks = {
        CLAUDE_MEM_TREE: '0f5ba1fc-4b1c-4c0e-8f6f-0d9f5f0b7a11',
        CLAUDE_MEM_OWNER: `${process.pid}:12345:b0071d:4026531836`,
        CLAUDE_MEM_ROLE: 'chroma-sync',
        CLAUDE_MEM_DATA_DIR: dataDir,
      };
      const child = startChroma(join(dataDir, 'vectors'), marks);
      const isChroma = (row: ProcessRow) => row.pid === child.pid && isChromaOfDataDir(row, dataDir, process.platform);
      const row = await rowOf(table, isChroma, { dataDir });
      const shown = [row.treeMark, row.ownerMark, row.roleMark, row.dataDirMark];
      if (SHOWS_ENVIRONMENTS || shown[0] !== null) expect(shown).toEqual(Object.values(marks));
    });

    test('a chroma-mcp without marks has none', async () => {
      const dataDir = makeDataDir();
      const child = startChroma(join(dataDir, 'vectors'), {});
      const row = await rowOf(table, ({ pid, command }) => pid === child.pid && command.includes('--data-dir'), {
        dataDir,
      });
      expect(row.treeMark ?? undefined).toBeUndefined();
      if (SHOWS_ENVIRONMENTS) expect(row).not.toHaveProperty('treeMark');
    });

    // Wine makes no links.
    test.skipIf(IS_WINDOWS)('a chroma-mcp is recognized through a link to its data dir', async () => {
      const dataDir = makeDataDir();
      const link = join(directory(), 'link');
      symlinkSync(dataDir, link);
      const child = startChroma(join(link, 'vectors'), {});
      const row = await rowOf(
        table,
        (candidate) => candidate.pid === child.pid && candidate.roleDirectory !== undefined,
        {
          dataDir,
        },
      );
      expect(row.roleDirectory).toBe(join(dataDir, 'vectors'));
      expect(isChromaOfDataDir(row, dataDir, process.platform)).toBe(true);
    });
  });
});

test.skipIf(READABLE.length < 2)('all readers agree about a process', async () => {
  const child = children.start(process.execPath, [...WAITING_NODE, 'agreed']);
  // Some versions of Node.js name their main thread on the way up, which would be between two of the readings.
  await once(child.stdout!, 'data');
  const rows = await Promise.all(
    READABLE.map(({ create }) =>
      rowOf(create(), ({ pid, command }) => pid === child.pid && command.includes('agreed')),
    ),
  );
  const agreed = rows.map(({ pid, ppid, pgid, uid, name, executable, command }) => {
    return { pid, ppid, pgid, uid, name, executable, command };
  });
  expect(new Set(agreed.map((row) => JSON.stringify(row))).size).toBe(1);
  const starts = rows.map((row) => Date.parse(row.startedAt));
  expect(Math.max(...starts) - Math.min(...starts)).toBeLessThanOrEqual(2_000);
});
