import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import type { BoundProcess, ProcessTable, Signaller } from '../../src/operations/ports/process.ts';
import { createProcfsTable } from '../../src/platform/linux/table/procfs-table.ts';
import { createLinuxSignaller } from '../../src/platform/linux/signal/signaller.ts';
import { createPsListTable } from '../../src/platform/posix/ps-list-table.ts';
import { createPsSignaller } from '../../src/platform/posix/ps-signaller.ts';
import { loadWindowsNative } from '../../src/platform/windows/native/load-native.ts';
import { createHandleSignaller } from '../../src/platform/windows/signal/handle-signaller.ts';
import { createNativeTable } from '../../src/platform/windows/table/native-table.ts';
import { eventually } from '../helpers/eventually.ts';
import { endChild, useChildren, WAITING_NODE, WATCHDOG_SECONDS } from './children.ts';

interface Method {
  readonly method: string;
  readonly platforms: readonly NodeJS.Platform[];
  /** The reader whose rows it is made for. */
  readonly createTable: () => ProcessTable;
  readonly create: () => Signaller;
}

const METHODS: readonly Method[] = [
  {
    method: 'linux',
    platforms: ['linux'],
    createTable: () => createProcfsTable(),
    create: () => createLinuxSignaller(),
  },
  {
    method: 'two-reads',
    platforms: ['linux'],
    createTable: () => createProcfsTable(),
    create: () => createLinuxSignaller({ native: null }),
  },
  {
    method: 'ps',
    platforms: ['linux', 'darwin', 'freebsd'],
    createTable: () => createPsListTable(),
    create: () => createPsSignaller(),
  },
  {
    method: 'handle',
    platforms: ['win32'],
    createTable: () => createNativeTable(loadWindowsNative()!),
    create: () => createHandleSignaller(loadWindowsNative()!),
  },
];

const IS_WINDOWS = process.platform === 'win32';
/** Windows has no signals: the exit code names the one that was asked for. */
const EXITS = {
  SIGTERM: IS_WINDOWS ? [143, null] : [null, 'SIGTERM'],
  SIGKILL: IS_WINDOWS ? [137, null] : [null, 'SIGKILL'],
};

const children = useChildren();

describe.each(METHODS.filter(({ platforms }) => platforms.includes(process.platform)))(
  'the signaller by $method',
  ({ create, createTable }) => {
    const signaller = create();
    const table = createTable();

    async function startChild(...args: readonly string[]) {
      const child = children.start(process.execPath, [...WAITING_NODE, 'waiting', ...args]);
      return { child, row: await rowOf(child.pid, (row) => row.command.includes('waiting')) };
    }

    function rowOf(pid: number, matches: (row: ProcessRow) => boolean = () => true): Promise<ProcessRow> {
      return findRow((row) => row.pid === pid && matches(row), new Set([pid]));
    }

    function findRow(matches: (row: ProcessRow) => boolean, recordedPids: ReadonlySet<number> = new Set()) {
      return eventually('the row', async () => {
        const { processes } = await table.snapshot({ dataDir: '/nowhere', recordedPids, memory: false });
        return processes.find(matches);
      });
    }

    function bind(row: ProcessRow, options = { compareCommand: true }): BoundProcess {
      const bound = signaller.bind(row, options);
      if (typeof bound === 'string') throw new Error(`not bound: ${bound}`);
      return bound;
    }

    test.each(['SIGTERM', 'SIGKILL'] as const)('sends %s to the process it is bound to', async (signal) => {
      const { child, row } = await startChild();
      const exit = once(child, 'exit');
      const bound = bind(row);
      expect(bound.state()).toBe('alive');
      expect(bound.signal(signal)).toBe('sent');
      expect(await exit).toEqual(EXITS[signal]);
      expect(bound.state()).toBe('gone');
      expect(bound.signal(signal)).toBe('gone');
      bound.close();
    });

    test('the signaller by $method does not bind to a process that has ended', async () => {
      const { child, row } = await startChild();
      await endChild(child);
      expect(signaller.bind(row, { compareCommand: false })).toBe('gone');
    });

    test('the signaller by $method does not bind to a later process with the same pid', async () => {
      const { row } = await startChild();
      const earlier = {
        ...row,
        ...(row.startTicks === undefined ? {} : { startTicks: row.startTicks - 1_000 }),
        startedAt: new Date(Date.parse(row.startedAt) - 10_000).toISOString(),
      };
      expect(signaller.bind(earlier, { compareCommand: false })).toBe('different');
    });

    test('the signaller by $method does not bind to the same process with another command line, if that is compared', async () => {
      const { row } = await startChild();
      const { argv, ...rest } = row;
      const other = { ...rest, ...(argv === undefined ? {} : { argv: ['uv', 'tool'] }), command: 'uv tool' };
      expect(signaller.bind(other, { compareCommand: true })).toBe('different');
      expect(signaller.bind(other, { compareCommand: false })).toMatchObject({ pid: row.pid });
    });

    test.skipIf(IS_WINDOWS)('takes a zombie for gone', async () => {
      const parent = children.start('sh', ['-c', `(exit 0) & exec sleep ${WATCHDOG_SECONDS}`]);
      const zombie = await findRow(({ ppid, state }) => ppid === parent.pid && state === 'Z');
      const bound = signaller.bind(zombie, { compareCommand: false });
      expect(typeof bound === 'string' ? bound : bound.state()).toBe('gone');
      if (typeof bound !== 'string') bound.close();
    });

    test('signals neither itself nor pid 1', async () => {
      expect(signaller.bind(await rowOf(process.pid), { compareCommand: false })).toBe('permission-denied');
      const first = IS_WINDOWS ? { ...(await rowOf(process.pid)), pid: 1 } : await rowOf(1);
      expect(signaller.bind(first, { compareCommand: false })).toBe('permission-denied');
    });
  },
);
