import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { chromaArguments, uvxArguments } from '../../scripts/leak/chroma-program.ts';
import { childrenOf, identify, isAlive, signalIfSame, type Identity } from '../../scripts/leak/identity.mjs';
import { observe } from '../../src/operations/observe/observe.ts';
import { reap, type ReapResult } from '../../src/operations/terminate/reap.ts';
import { loadPlatform } from '../../src/platform/index.ts';
import { createRecords } from '../../src/state/trees/records.ts';
import { aHome, deadTree } from '../cli/scene.ts';
import {
  leakRealChroma,
  startRealChroma,
  type OrphanPairs,
  type PairOptions,
  type Pairs,
} from '../helpers/chroma-pairs.ts';
import { eventually } from '../helpers/eventually.ts';
import { runMark } from '../helpers/run-mark.ts';
import { describeWithChroma, type AvailableStack } from '../helpers/semantic-stack.ts';

/** A pattern alone proves an orphan only after 120 s. */
const OLD_ENOUGH_TICKS = 121 * 100;

const everyone = ({ pairs }: Pairs): readonly Identity[] => pairs.flatMap(({ wrapper, python }) => [wrapper, python]);
const living = (pairs: Pairs): readonly number[] =>
  everyone(pairs)
    .filter(isAlive)
    .map(({ pid }) => pid);

async function gone(pairs: Pairs): Promise<void> {
  await eventually('uv and python are gone', () => living(pairs).length === 0, { dump: () => living(pairs) });
}

/** Unrelated processes: below a live parent, and leaked from another data dir. Both must survive. */
async function bystanders(stack: AvailableStack, dataDir: string, elsewhere: string): Promise<readonly Pairs[]> {
  const all = await Promise.all([
    startRealChroma(stack, { dataDir, folder: 'chroma', marks: true }),
    leakRealChroma(stack, { dataDir: elsewhere, marks: true }),
  ]);
  for (const { cleanup } of all) onTestFinished(cleanup);
  return all;
}

async function leak(stack: AvailableStack, options: PairOptions): Promise<OrphanPairs> {
  const pairs = await leakRealChroma(stack, options);
  onTestFinished(pairs.cleanup);
  return pairs;
}

/** Kills the uv of a pair; its python keeps running. */
async function loseWrapper(pairs: OrphanPairs): Promise<number> {
  const { wrapper, python } = pairs.pairs[0]!;
  signalIfSame(wrapper, 'SIGKILL');
  await eventually('uv is gone', () => !isAlive(wrapper));
  return python.pid;
}

const PLACES = [
  ['pid 1, or the subreaper of this machine', false],
  ['a subreaper', true],
] as const;

describeWithChroma('the real uvx chroma-mcp, its parent killed by SIGKILL', (stack) => {
  describe.each(PLACES)('below %s', (_, underSubreaper) => {
    test('marked processes are found, explained and ended; unrelated ones survive', async () => {
      const { home, dataDir, json } = aHome();
      const left = await leak(stack, { dataDir, marks: true, underSubreaper });
      const others = await bystanders(stack, dataDir, join(home, 'elsewhere'));

      const { status, found } = await json(['leaks']);
      expect(status).toBe(1);
      const mine = found.filter(({ pid }) => left.pids.includes(pid));
      expect(mine).toMatchObject([
        { verdict: 'orphan', role: 'chroma-sync', treeId: left.treeId, ppid: left.adopter },
        { verdict: 'orphan', role: 'chroma-sync', treeId: left.treeId },
      ]);
      const details = mine.flatMap(({ evidence }) => evidence.map(({ detail }) => detail)).join('\n');
      expect(details).toContain(`pid ${left.parent.pid} (start tick ${left.parent.start}), which is gone`);
      expect(details).toContain(`re-parented to pid ${left.adopter}`);

      const { status: exit, report } = await json(['reap', '--yes']);
      expect(exit).toBe(0);
      expect(report.outcomes.map(({ pid }) => pid)).toEqual([...left.pids].sort((a, b) => a - b));
      expect(report.outcomes.every(({ outcome }) => outcome === 'exited')).toBe(true);
      await gone(left);
      expect(others.map((pairs) => living(pairs).length)).toEqual([2, 2]);
      expect((await json(['leaks'])).status).toBe(0);
    });

    test('a marked python without its wrapper is found and ended', async () => {
      const { dataDir, json } = aHome();
      const left = await leak(stack, { dataDir, marks: true, underSubreaper });
      const python = await loseWrapper(left);
      expect((await json(['leaks'])).found).toMatchObject([{ pid: python, verdict: 'orphan' }]);
      const { status, report } = await json(['reap', '--yes']);
      expect([status, report.outcomes]).toMatchObject([0, [{ pid: python, outcome: 'exited' }]]);
      await gone(left);
    });

    test('unmarked processes that no client can reach are proven immediately, and otherwise by their age', async () => {
      const { home, dataDir, json, run } = aHome();
      const left = await leak(stack, { dataDir, underSubreaper });
      const others = await bystanders(stack, dataDir, join(home, 'elsewhere'));
      const file = join(home, 'snapshot.json');
      expect(await run(['snapshot', file])).toMatchObject({ status: 0 });
      const verdicts = async () =>
        (await json(['leaks', '--from', file])).found.filter(({ pid }) => left.pids.includes(pid));
      const reached = await verdicts();
      expect(reached).toMatchObject([{ verdict: 'orphan' }, { verdict: 'orphan' }]);
      expect(reached[0]?.evidence.map(({ kind }) => kind)).toEqual(['command', 'adopted', 'unreachable', 'no-owner']);

      withoutChannels(file);
      expect(await verdicts()).toMatchObject([{ verdict: 'unverified' }, { verdict: 'unverified' }]);
      moveOn(file);
      const judged = await verdicts();
      expect(judged).toMatchObject([{ verdict: 'orphan' }, { verdict: 'orphan' }]);
      expect(judged[0]?.evidence.map(({ kind }) => kind)).toEqual(['pattern', 'adopted', 'no-owner', 'age']);

      const { report } = await json(['reap', '--yes']);
      const { outcomes, remaining } = report;
      expect(outcomes.map(({ pid, outcome }) => [pid, outcome])).toEqual(
        [...left.pids].sort((a, b) => a - b).map((pid) => [pid, 'exited']),
      );
      expect(remaining).toEqual([]);
      await gone(left);
      expect(others.map((pairs) => living(pairs).length)).toEqual([2, 2]);
    });

    test('an unmarked python without its wrapper is ended as of two minutes later', async () => {
      const { dataDir } = aHome();
      const left = await leak(stack, { dataDir, underSubreaper });
      const python = await loseWrapper(left);
      expect((await reapLater(dataDir)).outcomes).toMatchObject([{ pid: python, outcome: 'exited' }]);
      await gone(left);
    });
  });
});

/** A snapshot as if the reader could not see the channels. */
function withoutChannels(file: string): void {
  const snapshot = JSON.parse(readFileSync(file, 'utf8')) as { processes: { channels?: unknown }[] };
  for (const row of snapshot.processes) delete row.channels;
  writeFileSync(file, JSON.stringify(snapshot));
}

/** A snapshot as if it had been taken later. */
function moveOn(file: string): void {
  const snapshot = JSON.parse(readFileSync(file, 'utf8')) as { nowTicks: number };
  writeFileSync(file, JSON.stringify({ ...snapshot, nowTicks: snapshot.nowTicks + OLD_ENOUGH_TICKS }));
}

/** Reaps this machine as of two minutes later; verdicts and signals are real. */
async function reapLater(dataDir: string): Promise<ReapResult> {
  const { table, signaller } = await loadPlatform();
  const later = {
    source: table.source,
    snapshot: async (request: Parameters<typeof table.snapshot>[0]) => {
      const snapshot = await table.snapshot(request);
      return { ...snapshot, nowTicks: (snapshot.nowTicks ?? 0) + OLD_ENOUGH_TICKS };
    },
  };
  const records = createRecords(dataDir);
  return reap(
    {
      observe: ({ memory }) => observe({ table: later, records }, { dataDir, memory }),
      signaller,
      clock: { now: () => performance.now(), date: () => new Date(), sleep: (ms) => sleep(ms) },
    },
    { request: { includeExcess: false }, graceMs: 5_000 },
  );
}

describeWithChroma('programs of the user inside a tree that is now dead', (stack) => {
  test('spares a tmux server, an editor, and a chroma-mcp started in its shell', async (context) => {
    if (!isInstalled('tmux', '-V')) context.skip('there is no tmux');
    const { home, dataDir, json } = aHome();
    const treeId = randomUUID();
    deadTree(dataDir, [], { treeId });
    const left = await leak(stack, { dataDir, marks: { treeId } });
    const owner = /^CLAUDE_MEM_OWNER=.*$/m.exec(
      readFileSync(`/proc/${left.pids[0]!}/environ`, 'utf8').replaceAll('\0', '\n'),
    )![0];
    const tmux = new Tmux(home, {
      ...stack.env,
      ...runMark(),
      ...{ CLAUDE_MEM_TREE: treeId, CLAUDE_MEM_ROLE: 'chroma-sync', CLAUDE_MEM_DATA_DIR: dataDir },
      CLAUDE_MEM_OWNER: owner.slice(owner.indexOf('=') + 1),
    });
    onTestFinished(() => tmux.end());

    const uvx = [
      stack.uvx,
      '--offline',
      ...uvxArguments(stack.constraints),
      ...chromaArguments(join(dataDir, 'chroma')),
    ];
    tmux.type(uvx.map((word) => `'${word}'`).join(' '));
    const editor = ['vi', 'nano', 'ed'].find((name) => isInstalled('sh', '-c', `command -v ${name}`)) ?? 'cat';
    tmux.open(editor, join(home, 'notes.txt'));
    const bystanders = await eventually('the shell runs uvx, uvx its python, and the editor is open', () => {
      const [wrapper] = childrenOf(tmux.panes()[0] ?? 0);
      const [python] = wrapper === undefined ? [] : childrenOf(wrapper);
      const all = [tmux.server(), ...tmux.panes(), wrapper, python].map((pid) =>
        pid === undefined ? pid : identify(pid),
      );
      return all.length === 5 && all.every((identity) => identity !== undefined) && all;
    });
    tmux.note(bystanders);

    const { found } = await json(['leaks']);
    const orphaned = found.filter(({ verdict }) => verdict === 'orphan').map(({ pid }) => pid);
    expect(orphaned).toEqual([...left.pids].sort((a, b) => a - b));
    const marked = found.filter(({ pid }) => bystanders.some((identity) => identity.pid === pid));
    expect(marked).toHaveLength(5);
    expect(marked.every(({ verdict }) => verdict === 'unverified')).toBe(true);

    const { report } = await json(['reap', '--yes']);
    expect(report.outcomes.map(({ pid }) => pid).sort()).toEqual([...left.pids].sort());
    await gone(left);
    // Not even if they are named explicitly.
    const named = bystanders.map(({ pid }) => String(pid));
    expect((await json(['reap', '--yes', '--pid', ...named])).report).toMatchObject({ plan: [], outcomes: [] });
    expect(bystanders.filter((identity) => !isAlive(identity))).toEqual([]);
  });
});

/** A tmux server with its own socket. */
class Tmux {
  readonly #env: NodeJS.ProcessEnv;
  #started: readonly Identity[] = [];

  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#env = { ...env, TMUX_TMPDIR: folder, TERM: 'xterm', SHELL: '/bin/sh' };
    this.#run('-f', '/dev/null', 'new-session', '-d', '-x', '200', '-y', '50', '/bin/sh');
    this.note([this.server(), ...this.panes()].map(identify).filter((identity) => identity !== undefined));
  }

  type(line: string): void {
    this.#run('send-keys', '-l', line);
    this.#run('send-keys', 'Enter');
  }

  open(...command: string[]): void {
    this.#run('new-window', '-d', ...command);
  }

  server(): number {
    return Number(this.#run('display-message', '-p', '#{pid}'));
  }

  /** The first process of each window. */
  panes(): readonly number[] {
    return this.#run('list-panes', '-s', '-F', '#{pane_pid}').split('\n').map(Number);
  }

  /** The processes to end with it. */
  note(identities: readonly Identity[]): void {
    this.#started = identities;
  }

  /** From the last to the first, by identity: uvx ends its python, the server its windows. */
  async end(): Promise<void> {
    for (const identity of this.#started.toReversed()) signalIfSame(identity, 'SIGKILL');
    await eventually('tmux and what ran in it is gone', () => !this.#started.some(isAlive));
  }

  #run(...args: string[]): string {
    return execFileSync('tmux', ['-L', 'test', ...args], { encoding: 'utf8', env: this.#env }).trim();
  }
}

function isInstalled(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
