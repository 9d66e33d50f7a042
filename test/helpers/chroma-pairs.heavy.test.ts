import { readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { childrenOf, isAlive, parentOf, signalIfSame } from '../../scripts/leak/identity.mjs';
import { spawnOrphanPairs, spawnPairs, type PairOptions, type Pairs } from './chroma-pairs.ts';
import { eventually } from './eventually.ts';
import { RUN_MARK } from './run-mark.ts';
import { tempDir } from './temp-dir.ts';

/** Registers the cleanup and returns the first pair. */
async function onePair<T extends Pairs>(start: (options: PairOptions) => Promise<T>, options?: Partial<PairOptions>) {
  const pairs = await start({ dataDir: tempDir(), ...options });
  onTestFinished(pairs.cleanup);
  return { pairs, ...pairs.pairs[0]! };
}

const read = (pid: number, file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
const argv = (pid: number) => read(pid, 'cmdline').split('\0').slice(0, -1);
const environment = (pid: number) => read(pid, 'environ').split('\0');
const stat = (pid: number) => {
  const [, ppid, pgid, sid] = read(pid, 'stat').split(') ')[1]!.split(' ');
  return { ppid: Number(ppid), pgid: Number(pgid), sid: Number(sid) };
};

describe.skipIf(process.platform !== 'linux')('the imitation of uv and chroma-mcp', () => {
  test('a fake pair has the names and command lines of uv and chroma-mcp', async () => {
    const dataDir = tempDir();
    const { wrapper, python } = await onePair(spawnPairs, { dataDir });
    const own = ['--client-type', 'persistent', '--data-dir', join(dataDir, 'vectors')];
    expect(read(wrapper.pid, 'comm')).toBe('uv\n');
    expect(argv(wrapper.pid)).toEqual(expect.arrayContaining(['uv', 'tool', 'uvx', 'chroma-mcp', ...own]));
    expect(read(python.pid, 'comm')).toBe('python\n');
    expect(argv(python.pid)).toEqual([
      expect.stringMatching(/\/bin\/python$/),
      expect.stringMatching(/\/bin\/chroma-mcp$/),
      ...own,
    ]);
    expect([wrapper, python].map(({ pid }) => basename(readlinkSync(`/proc/${pid}/exe`)))).toEqual(['uv', 'python']);
  });

  test('a fake pair is in the process group and session of its parent', async () => {
    const { pairs, wrapper, python } = await onePair(spawnPairs);
    const parent = pairs.parent.pid;
    expect(stat(wrapper.pid)).toEqual({ ppid: parent, pgid: parent, sid: parent });
    expect(stat(python.pid)).toEqual({ ppid: wrapper.pid, pgid: parent, sid: parent });
  });

  test.each([
    ['wrapper', 'SIGTERM'],
    ['python', 'SIGTERM'],
    ['python', 'SIGKILL'],
  ] as const)('both go when the %s gets %s', async (which, signal) => {
    const pair = await onePair(spawnPairs);
    signalIfSame(pair[which], signal);
    await eventually('both are gone', () => !isAlive(pair.wrapper) && !isAlive(pair.python));
  });

  test('the python of a fake pair outlives SIGKILL to its wrapper', async () => {
    const { pairs, wrapper, python } = await onePair(spawnPairs);
    signalIfSame(wrapper, 'SIGKILL');
    await eventually('the python is adopted', () => parentOf(python.pid) !== wrapper.pid);
    expect(isAlive(python)).toBe(true);
    expect(parentOf(python.pid)).not.toBe(pairs.parent.pid);
  });

  test('a fake pair that ignores SIGTERM is still cleaned up', async () => {
    const { pairs, wrapper, python } = await onePair(spawnOrphanPairs, { onSigterm: 'ignore' });
    signalIfSame(wrapper, 'SIGTERM');
    signalIfSame(python, 'SIGTERM');
    const isIgnoring = BigInt(`0x${/SigIgn:\s*(\w+)/.exec(read(python.pid, 'status'))![1]!}`) & (1n << 14n);
    expect(isIgnoring).not.toBe(0n);
    expect(isAlive(python)).toBe(true);
    await pairs.cleanup();
    expect(pairs.pairs.flatMap((pair) => [pair.wrapper, pair.python]).filter(isAlive)).toEqual([]);
  });

  test('a fake pair has only the mark of this run by default', async () => {
    const { wrapper, python } = await onePair(spawnPairs);
    for (const { pid } of [wrapper, python]) {
      const names = environment(pid).map((entry) => entry.split('=', 1)[0]!);
      expect(names.filter((name) => /^CLAUDE_MEM_(?:TREE|OWNER|ROLE|DATA_DIR)$/.test(name))).toEqual([]);
      expect(names).toContain(RUN_MARK);
    }
  });

  test('Ctrl-C does not reach the watchdog of a fake pair, even at its start', async () => {
    await onePair(spawnPairs);
    const watchdogs = childrenOf(process.pid).filter((pid) => argv(pid).some((word) => word.endsWith('watchdog.mjs')));
    expect(watchdogs.map((pid) => stat(pid).sid)).toEqual(watchdogs);
    expect(watchdogs).not.toEqual([]);
  });

  test('a fake pair exits when its watchdog expires', async () => {
    const { pairs } = await onePair(spawnOrphanPairs, { onSigterm: 'ignore', watchdogSeconds: 1 });
    await eventually('both are gone', () =>
      pairs.pairs.every((pair) => !isAlive(pair.wrapper) && !isAlive(pair.python)),
    );
  });
});

describe.skipIf(process.platform !== 'linux')('orphan pairs', () => {
  test('orphan pairs are re-parented, in a session whose leader is gone', async () => {
    const { pairs, wrapper } = await onePair(spawnOrphanPairs);
    expect(isAlive(pairs.parent)).toBe(false);
    expect(stat(wrapper.pid)).toEqual({ ppid: pairs.adopter, pgid: pairs.parent.pid, sid: pairs.parent.pid });
  });

  test('orphan pairs can be re-parented to a subreaper of another session', async () => {
    const { pairs, wrapper } = await onePair(spawnOrphanPairs, { underSubreaper: true });
    expect(pairs.adopter).toBe(pairs.holder?.pid);
    expect(parentOf(wrapper.pid)).toBe(pairs.adopter);
    expect(stat(pairs.adopter).sid).toBe(stat(process.pid).sid);
  });

  test('the owner mark of orphan pairs names their dead parent', async () => {
    const dataDir = tempDir();
    const { pairs, python } = await onePair(spawnOrphanPairs, { dataDir, marks: { role: 'chroma-search' } });
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))![0];
    expect(environment(python.pid)).toEqual(
      expect.arrayContaining([
        `CLAUDE_MEM_TREE=${pairs.treeId!}`,
        `CLAUDE_MEM_OWNER=${pairs.parent.pid}:${pairs.parent.start}:${bootId}:${namespace}`,
        'CLAUDE_MEM_ROLE=chroma-search',
        `CLAUDE_MEM_DATA_DIR=${dataDir}`,
      ]),
    );
  });

  test('a hundred orphan pairs start and are cleaned up completely', async () => {
    const { pairs } = await onePair(spawnOrphanPairs, { count: 100 });
    expect(new Set(pairs.pids).size).toBe(200);
    await pairs.cleanup();
    expect(pairs.pairs.flatMap(({ wrapper, python }) => [wrapper, python]).filter(isAlive)).toEqual([]);
  });
});
