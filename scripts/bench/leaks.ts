import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identifySelf, loadPlatform } from '../../src/platform/index.ts';
import { verdict, type Benchmark } from './benchmark.ts';
import { fillUpTo } from './filler.ts';
import { runToEnd, sideBySide } from './timing.ts';
import { CLI } from './program.ts';

const SIZES = [100, 1_000, 5_000];
const ROUNDS = 15;
/** Target at 5,000 processes, Node's start included. */
const PS_FACTOR = 0.6;

/** Exit codes of success; leaks of the machine itself do not affect the time. */
const FINE = [0, 1];

export const leaks: Benchmark = {
  title: '`claude-mem leaks --json`, from start to exit',
  async run({ folder, say }) {
    const noTree = join(folder, 'no-tree');
    const withTree = join(folder, 'with-tree');
    mkdirSync(noTree, { mode: 0o700 });
    await recordOldTree(withTree);
    const rows: string[][] = [];
    for (const size of SIZES) {
      const filler = await fillUpTo(size);
      try {
        say(`leaks at ${filler.total} processes …`);
        const look = (dataDir: string) => () =>
          runToEnd(process.execPath, [CLI, 'leaks', '--json'], {
            env: { CLAUDE_MEM_DATA_DIR: dataDir },
            exitCodes: FINE,
          });
        const times = await sideBySide(
          {
            node: () => runToEnd(process.execPath, ['-e', '0']),
            leaks: look(noTree),
            oldTree: look(withTree),
            ps: () => runToEnd('ps', ['aux']),
          },
          { rounds: ROUNDS },
        );
        rows.push(rowOf(size, filler.total, times));
      } finally {
        await filler.end();
      }
    }
    return {
      columns: ['processes', '`node -e 0`', '`leaks --json`', '`ps aux`', 'target', '', 'with a tree older than all'],
      rows,
      notes: [
        `Medians of ${ROUNDS} runs, each in turn with the others, output in a pipe. The processes are idle shells, besides what the machine runs.`,
        'The last column is the same command where a recorded tree is older than every process: any of them may have its mark, so every environment is read.',
      ],
    };
  },
};

function rowOf(
  size: number,
  total: number,
  { node, leaks: ours, oldTree, ps }: Readonly<Record<'node' | 'leaks' | 'oldTree' | 'ps', number>>,
): string[] {
  const factor = size >= 1_000 ? 2 : 1.6;
  const [target, isMet]: [string, boolean] =
    size >= 5_000
      ? ['≤ 0.6 × `ps aux`', ours <= ps * PS_FACTOR]
      : [`≤ ${factor} × \`node -e 0\``, ours <= node * factor];
  const beside = (value: number) => `${ms(value)} (${(value / node).toFixed(2)} ×)`;
  return [String(total), ms(node), beside(ours), ms(ps), target, verdict(isMet), beside(oldTree)];
}

/** The manifest of a tree whose root is this process: alive, and older than all processes started later. */
async function recordOldTree(dataDir: string): Promise<void> {
  const { pid, startTicks, startedAt, scope } = identifySelf(await loadPlatform());
  const identity = { pid, startTicks, startedAt };
  const treeId = randomUUID();
  mkdirSync(join(dataDir, 'trees'), { recursive: true, mode: 0o700 });
  const entry = { role: 'supervisor', identity, command: ['node', 'supervisor.js'], registeredAt: startedAt };
  const manifest = { schemaVersion: 1, treeId, state: 'running', ...scope, dataDir, startedAt, entries: [entry] };
  writeFileSync(join(dataDir, 'trees', `${treeId}.json`), JSON.stringify(manifest));
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}
