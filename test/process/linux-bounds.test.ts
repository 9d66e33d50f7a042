// Any user can give a process a command line or environment of 256 MB. Readers must not depend on that size.
import { describe, expect } from 'vitest';
import { bindProcess } from '../../src/platform/linux/signal/bound-process.ts';
import { findMarkHolders } from '../../src/platform/linux/table/mark-holders.ts';
import { identifyProcess } from '../../src/platform/linux/table/identify.ts';
import { createProcfsFollower } from '../../src/platform/linux/follow/procfs-follower.ts';
import { createProcfsTable } from '../../src/platform/linux/table/procfs-table.ts';
import { createPsListTable } from '../../src/platform/posix/ps-list-table.ts';
import type { ProcessTable } from '../../src/operations/ports/process.ts';
import { useChildren } from '../contract/children.ts';
import { probe } from './linux-places.ts';
import type { ReadAnswer } from './linux-probe.ts';
import { asUser, longMemoryTest, OTHER_USER, startLongMemory, USER } from './long-memory.ts';

const MIB = 1024 * 1024;
/** One long command line and its copies; an unbounded reader needs hundreds of MiB. */
const MOST_GROWTH_BYTES = 32 * MIB;

const children = useChildren();
const REQUEST = { dataDir: '/absent', recordedPids: new Set<number>(), memory: true };

/** Memory that a reading leaves in this process, outside and inside the heap. */
async function growthOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage();
  await work();
  const after = process.memoryUsage();
  return after.external - before.external + Math.max(0, after.heapTotal - before.heapTotal);
}

describe('beside a process with a command line of 256 MB', () => {
  longMemoryTest('a reading keeps its beginning, marks it as cut, and does not use more memory', async () => {
    const pid = await startLongMemory(children, { which: 'cmdline', uid: OTHER_USER, beginning: 'uvx|--from|x|' });
    const tables: ProcessTable[] = [createProcfsTable(), createProcfsFollower({ stableAfterMs: 0 })];
    for (const table of tables) {
      let row;
      const growth = await growthOf(async () => {
        for (let reading = 0; reading < 3; reading += 1) {
          const snapshot = await table.snapshot(REQUEST);
          // A process of another user is never part of this tree.
          expect(snapshot).toMatchObject({ complete: true, unreadable: 0 });
          row = snapshot.processes.find((candidate) => candidate.pid === pid);
        }
      });
      expect(row).toMatchObject({ uid: OTHER_USER, name: 'uvx', commandCut: true });
      expect(row).toMatchObject({ command: expect.stringMatching(/^uvx --from x a{4000,4096}$/) as string });
      expect(row).not.toHaveProperty('argv');
      expect(growth).toBeLessThan(MOST_GROWTH_BYTES);
    }
  });

  longMemoryTest('the row of the same user counts as unreadable', async () => {
    const pid = await startLongMemory(children, { which: 'cmdline', uid: USER });
    const { snapshot } = (await probe(asUser(USER), { do: 'read' })) as ReadAnswer;
    expect(snapshot).toMatchObject({ complete: true, unreadable: 1 });
    expect(snapshot?.processes.find((row) => row.pid === pid)).toMatchObject({ commandCut: true, uid: USER });
  });

  longMemoryTest('a signaller never treats it as the same command, and binds it by identity only', async () => {
    const pid = await startLongMemory(children, { which: 'cmdline', uid: OTHER_USER });
    const row = (await createProcfsTable().snapshot(REQUEST)).processes.find((candidate) => candidate.pid === pid)!;
    expect(bindProcess(row, { compareCommand: true }, null)).toBe('unknown');
    expect(bindProcess({ ...row, argv: ['uvx'], command: 'uvx' }, { compareCommand: true }, null)).toBe('unknown');
    const bound = bindProcess(row, { compareCommand: false }, null);
    expect(typeof bound === 'string' ? bound : bound.state()).toBe('alive');
    if (typeof bound !== 'string') bound.close();
    expect(identifyProcess(pid)).toMatchObject({ pid, commandCut: true });
  });

  longMemoryTest('the ps reader keeps its beginning too', async () => {
    const pid = await startLongMemory(children, { which: 'cmdline', uid: OTHER_USER });
    const growth = await growthOf(async () => {
      const snapshot = await createPsListTable().snapshot(REQUEST);
      expect(snapshot).toMatchObject({ complete: true, unreadable: 0 });
      const row = snapshot.processes.find((candidate) => candidate.pid === pid);
      expect(row).toMatchObject({ name: 'uvx', commandCut: true });
      expect(row!.command.length).toBeLessThanOrEqual(4_096);
    });
    expect(growth).toBeLessThan(MOST_GROWTH_BYTES);
  });
});

describe('beside a process with an environment of 256 MB', () => {
  longMemoryTest('marks in its beginning are known, others are unknown, and the row counts as unreadable', async () => {
    const beginning = 'CLAUDE_MEM_TREE=11111111-2222-4333-8444-555555555555|';
    const pid = await startLongMemory(children, { which: 'environ', uid: USER, beginning });
    const { snapshot } = (await probe(asUser(USER), { do: 'read' })) as ReadAnswer;
    expect(snapshot).toMatchObject({ complete: true, unreadable: 1 });
    expect(snapshot?.processes.find((row) => row.pid === pid)).toMatchObject({
      ...{ environmentCut: true, treeMark: '11111111-2222-4333-8444-555555555555' },
      ...{ ownerMark: null, roleMark: null, dataDirMark: null },
    });
  });

  longMemoryTest('a variable in its beginning is found without reading the rest', async () => {
    const pid = await startLongMemory(children, {
      which: 'environ',
      uid: OTHER_USER,
      beginning: 'A=b|MARK=of-this-test|',
    });
    const growth = await growthOf(async () => {
      expect([...(await findMarkHolders('MARK', 'of-this-test'))]).toEqual([pid]);
    });
    expect(growth).toBeLessThan(MOST_GROWTH_BYTES);
  });
});
