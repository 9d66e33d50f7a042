import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { ProcessRow } from '../../src/core/process/snapshot.ts';
import type { ProcessTable, SnapshotRequest } from '../../src/operations/ports/process.ts';
import { createProcfsFollower, type ProcfsFollowerOptions } from '../../src/platform/linux/follow/procfs-follower.ts';
import { loadLinuxNative } from '../../src/platform/linux/signal/native.ts';
import { PidLister } from '../../src/platform/linux/table/pid-listing.ts';
import { createProcfsTable } from '../../src/platform/linux/table/procfs-table.ts';
import { cleanEnvironment, endChild, useChildren, WATCHDOG_SECONDS } from '../contract/children.ts';
import { eventually } from '../helpers/eventually.ts';
import { useTempDir } from '../helpers/temp-dir.ts';
import { linuxTest, namespaceTest, PLACES, probe } from './linux-places.ts';
import type { FollowReuseAnswer } from './linux-probe.ts';

const children = useChildren();
const directory = useTempDir();
const full = createProcfsTable();
const SLEEP = `exec sleep ${WATCHDOG_SECONDS}`;
const TREE = '0f5ba1fc-4b1c-4c0e-8f6f-0d9f5f0b7a11';

async function read(table: ProcessTable, request: Partial<SnapshotRequest> = {}) {
  const { processes } = await table.snapshot({
    ...{ dataDir: directory(), recordedPids: new Set<number>(), memory: false, oldestTreeTicks: 0 },
    ...request,
  });
  return new Map(processes.map((row) => [row.pid, row]));
}

/** A shell that execs another program on request. */
function startShell(script: string, env: Readonly<Record<string, string>> = {}) {
  const stdio = ['pipe', 'pipe', 'inherit'] as const;
  return children.start('sh', ['-c', `read go; ${script}`], { stdio: [...stdio], env: cleanEnvironment(env) });
}

function marks(): Readonly<Record<string, string>> {
  return { CLAUDE_MEM_TREE: TREE, CLAUDE_MEM_DATA_DIR: directory() };
}

/** Turns a shell into a program whose name may be a role program. */
const BECOME_NODE = `exec ${process.execPath} -e 'setTimeout(() => {}, ${WATCHDOG_SECONDS}_000)'`;
const isNode = (row: ProcessRow | undefined) => /^(?:node|MainThread)/.test(row?.name ?? '');

/** The fields of a row that stay the same between two consecutive readings. */
function lasting(row: ProcessRow | undefined) {
  if (row === undefined) return undefined;
  const { pid, ppid, pgid, sid, uid, startTicks, name, executable, argv, treeMark, ownerMark, dataDirMark } = row;
  return { pid, ppid, pgid, sid, uid, startTicks, name, executable, argv, treeMark, ownerMark, dataDirMark };
}

/** Whether the listing returns the inodes of processes, or each one is read. */
const WAYS = [
  { way: 'by its listing', withNative: true },
  { way: 'by asking for each', withNative: false },
];

describe.each(WAYS)('a table followed $way', ({ withNative }) => {
  const follow = (options: ProcfsFollowerOptions = {}) =>
    createProcfsFollower({ fullEveryMs: Infinity, native: withNative ? loadLinuxNative() : null, ...options });
  /** By default reuses everything it may, immediately and forever. */
  const eager = (options: ProcfsFollowerOptions = {}) => follow({ stableAfterMs: 0, ...options });

  linuxTest('equals a full reading, through births, deaths and execs', async () => {
    const follower = follow();
    const started: ReturnType<typeof startShell>[] = [];
    for (let round = 0; round < 12; round += 1) {
      started.push(startShell(SLEEP, round % 2 === 0 ? marks() : {}));
      started.push(startShell(`exec sh -c '${SLEEP}'`, marks()));
      await read(follower);
      const changed = started[round];
      if (round % 3 === 0) changed!.stdin!.end('go\n');
      if (round % 4 === 3) await endChild(started[round - 2]!);
      await eventually('both readings agree', async () => {
        const [seen, truth] = [await read(follower), await read(full)];
        for (const { pid } of started) expect(lasting(seen.get(pid))).toEqual(lasting(truth.get(pid)));
        return true;
      });
    }
    for (const child of started) await endChild(child);
    const left = await read(follower);
    expect(started.filter(({ pid }) => left.has(pid))).toEqual([]);
  });

  linuxTest('reads a young process each time, because between fork and exec it looks like its parent', async () => {
    const follower = follow();
    const child = startShell(BECOME_NODE);
    expect((await read(follower)).get(child.pid)?.name).toBe('sh');
    child.stdin!.end('go\n');
    await eventually('the exec is seen', async () => isNode((await read(follower)).get(child.pid)));
  });

  linuxTest('reuses the row of an old process until the next periodic full reading', async () => {
    let now = 0;
    const follower = eager({ fullEveryMs: 10_000, now: () => now });
    const child = startShell(BECOME_NODE);
    await read(follower);
    child.stdin!.end('go\n');
    await eventually('the exec', async () => isNode((await read(full)).get(child.pid)));
    now = 9_999;
    expect((await read(follower)).get(child.pid)?.name).toBe('sh');
    now = 10_000;
    expect(isNode((await read(follower)).get(child.pid))).toBe(true);
  });

  linuxTest('reads a marked or recorded process each time', async () => {
    const follower = eager();
    const marked = startShell(SLEEP, marks());
    const recorded = startShell(SLEEP);
    await read(follower);
    for (const child of [marked, recorded]) child.stdin!.end('go\n');
    const names = (rows: ReadonlyMap<number, ProcessRow>) => [marked, recorded].map(({ pid }) => rows.get(pid)?.name);
    await eventually('the execs', async () => names(await read(full)).every((name) => name === 'sleep'));
    expect(names(await read(follower))).toEqual(['sleep', 'sh']);
    const request = { recordedPids: new Set([recorded.pid]) };
    expect(names(await read(follower, request))).toEqual(['sleep', 'sleep']);
  });

  linuxTest('shows the new parent of a re-parented process', async () => {
    const follower = eager();
    const parent = children.start('sh', ['-c', `sleep ${WATCHDOG_SECONDS} & echo $!; read go`], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: cleanEnvironment(),
    });
    const [line] = (await once(parent.stdout!, 'data')) as [Buffer];
    const orphan = Number(line.toString());
    expect((await read(follower)).get(orphan)?.ppid).toBe(parent.pid);
    await endChild(parent);
    children.endLater(orphan);
    expect((await read(follower)).get(orphan)?.ppid).toBe((await read(full)).get(orphan)?.ppid);
    expect((await read(follower)).get(orphan)?.ppid).not.toBe(parent.pid);
  });

  linuxTest('reads everything again for another data dir, or when an older tree becomes known', async () => {
    const follower = eager();
    const child = startShell(SLEEP, marks());
    const { startTicks = 0 } = (await read(full)).get(child.pid)!;
    const markOf = async (oldestTreeTicks: number) =>
      (await read(follower, { oldestTreeTicks })).get(child.pid)?.treeMark;
    expect(await markOf(startTicks + 1)).toBeUndefined();
    expect(await markOf(startTicks + 1)).toBeUndefined();
    expect(await markOf(startTicks)).toBe(TREE);
  });
});

namespaceTest('a pid reused between two readings shows the new process', async () => {
  for (const { withNative } of WAYS) {
    const task = { do: 'follow-reuse', withNative } as const;
    const { before, after, truth } = (await probe(PLACES.inNamespace, task)) as FollowReuseAnswer;
    expect(after?.pid).toBe(before?.pid);
    expect(after?.startTicks).not.toBe(before?.startTicks);
    expect(lasting(after)).toEqual(lasting(truth));
  }
});

linuxTest('both listings distinguish the same processes', () => {
  const listedPids = listed(new PidLister('/proc', loadLinuxNative()));
  expect(listedPids.has(process.pid)).toBe(true);
  for (const [pid, inode] of listedPids) {
    const now = statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.ino;
    if (now !== undefined) expect(inode).toBe(now);
  }
  expect(listed(new PidLister('/proc', null)).get(process.pid)).toBeNaN();
});

linuxTest('a listing longer than one system call is complete', () => {
  const folder = directory();
  const numbers = Array.from({ length: 3_000 }, (_, index) => index + 1);
  for (const number of numbers) writeFileSync(join(folder, String(number)), '');
  writeFileSync(join(folder, '12a'), '');
  const lister = new PidLister(folder, loadLinuxNative());
  for (let time = 0; time < 2; time += 1) {
    const found = listed(lister);
    expect([...found.keys()].sort((left, right) => left - right)).toEqual(numbers);
    expect(found.get(7)).toBe(statSync(join(folder, '7')).ino);
  }
});

function listed(lister: PidLister): ReadonlyMap<number, number> {
  const { count, pids, inodes } = lister.list();
  return new Map(Array.from({ length: count }, (_, index) => [pids[index]!, inodes[index]!]));
}
