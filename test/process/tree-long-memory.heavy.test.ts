// A whole tree beside processes of other users with command lines and environments of 256 MB.
import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { useChildren } from '../contract/children.ts';
import { eventually } from '../helpers/eventually.ts';
import { longMemoryTest, OTHER_USER, startLongMemory } from './long-memory.ts';
import { TestTree, type Member } from './tree-harness.ts';

const MIB = 1024 * 1024;
/** A supervisor that reads such a process without a limit grows by hundreds of MiB and keeps them. */
const MOST_GROWTH_BYTES = 24 * MIB;

const children = useChildren();

describe('beside processes of another user with a command line and an environment of 256 MB', () => {
  longMemoryTest('a tree starts, is supervised and stops, and its supervisor does not grow', async () => {
    const tree = await TestTree.create();
    const startTree = () => tree.start('--no-chroma');
    await startTree();
    const quiet = peakBytes(tree.member('supervisor'));
    await tree.stop();

    for (const which of ['cmdline', 'environ'] as const)
      await startLongMemory(children, { which, uid: OTHER_USER, beginning: 'uvx|--from|chroma-mcp|' });
    await startTree();
    const watched = await tree.run(['leaks', '--watch', '--interval', '1s', '--count', '3']);
    expect([watched.status, watched.stderr]).toEqual([0, '']);
    expect(watched.stdout.match(/"type":"reading"/g)).toHaveLength(3);
    await eventually(
      'the supervisor has sampled the tree',
      async () => (await tree.run(['history', '--json', '--since', '1m'])).stdout.includes('"takenAt"'),
      { withinMs: 20_000 },
    );
    expect((await tree.json(['status'])).report.running).toBe(true);
    expect(peakBytes(tree.member('supervisor')) - quiet).toBeLessThan(MOST_GROWTH_BYTES);
    expect((await tree.json(['restart', '--no-chroma'])).report.ok).toBe(true);
    await tree.stop();
  });
});

/** Its peak memory. */
function peakBytes({ pid }: Member): number {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(peak) * 1024;
}
