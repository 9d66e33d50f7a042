import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { verdict, type Benchmark } from './benchmark.ts';
import { CLI, findNodes, type MeasuredNode } from './program.ts';
import { runToEnd, sideBySide } from './timing.ts';

const ROUNDS = 21;

/** Other major versions that users have. */
const MAJORS = [22, 24];

/** The commands, each with its target as a multiple of `node -e 0`, and the exit codes of success. */
const COMMANDS = {
  version: { args: ['--version'], target: 1.6, exitCodes: [0] },
  leaks: { args: ['leaks', '--json'], target: 1.6, exitCodes: [0, 1] },
  status: { args: ['status'], target: 2, exitCodes: [3] },
  doctor: { args: ['doctor', '--json'], target: 4, exitCodes: [0, 1] },
} as const;
export type StartUpName = keyof typeof COMMANDS;

/** The median of each command, in milliseconds. `node` is `node -e 0`. */
export type StartUpTimes = Readonly<Record<StartUpName | 'node', number>>;

/** Runs the commands of the installed package from the code that an earlier run compiled. */
export async function measureStartUp(
  { path }: MeasuredNode,
  folder: string,
  { rounds = ROUNDS } = {},
): Promise<StartUpTimes> {
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  // Certificates for Node alone make the start of Node 20 three times longer, and hide the program's part in it.
  const env = { HOME: home, CLAUDE_MEM_DATA_DIR: '', NODE_COMPILE_CACHE: '' };
  return sideBySide(
    {
      node: () => runToEnd(path, ['-e', '0'], { env }),
      ...Object.fromEntries(
        (Object.keys(COMMANDS) as StartUpName[]).map((name) => {
          const { args, exitCodes } = COMMANDS[name];
          return [name, () => runToEnd(path, [CLI, ...args], { env, exitCodes })];
        }),
      ),
    } as Record<keyof StartUpTimes, () => unknown>,
    { rounds },
  );
}

export const startUp: Benchmark = {
  title: 'The start of the program on each Node.js, from start to exit',
  async run({ folder, say }) {
    const rows: string[][] = [];
    for (const node of findNodes(MAJORS)) {
      say(`start-up on ${node.name} …`);
      const times = await measureStartUp(node, folder);
      rows.push([
        node.name,
        `${times.node.toFixed(0)} ms`,
        ...(Object.keys(COMMANDS) as StartUpName[]).map((name) => {
          const ratio = times[name] / times.node;
          return `${times[name].toFixed(0)} ms (${ratio.toFixed(2)} ×, ≤ ${COMMANDS[name].target}: ${verdict(ratio <= COMMANDS[name].target)})`;
        }),
      ]);
    }
    return {
      columns: ['Node.js', '`node -e 0`', '`--version`', '`leaks --json`', '`status`', '`doctor --json`'],
      rows,
      notes: [
        `The installed tarball, beside about 100 processes. Medians of ${ROUNDS} runs, each in turn with the others, after the first run, which keeps the compiled code.`,
        'No variable of the environment makes Node itself slower: with NODE_EXTRA_CA_CERTS, Node 20 alone takes 120 ms.',
      ],
    };
  },
};
