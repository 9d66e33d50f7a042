import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '../../test/helpers/free-port.ts';
import { hookInput } from '../../test/helpers/hook-input.ts';
import { verdict, type Benchmark, type BenchmarkTools } from './benchmark.ts';
import { median, timeOf } from './timing.ts';
import { CLI } from './program.ts';

const ROUNDS = 15;
const TARGET_MS = 300;
const AT_ONCE = 20;
const AT_ONCE_TARGET_MS = 2_000;

/** Hooks beside a running tree, each from its start to its exit, for which the host waits. */
export const hook: Benchmark = {
  title: '`claude-mem hook` beside a running tree, from start to exit',
  async run({ folder, say }) {
    const env = {
      ...process.env,
      CLAUDE_MEM_DATA_DIR: join(folder, 'hook'),
      CLAUDE_MEM_WORKER_PORT: String(await freePort()),
    };
    command(['start', '--no-chroma'], env);
    try {
      return await measure(env, say);
    } finally {
      command(['stop'], env);
    }
  },
};

async function measure(env: NodeJS.ProcessEnv, say: BenchmarkTools['say']) {
  let number = 0;
  const input = (name: string, session: string) => {
    number += 1;
    return hookInput(name, { session_id: session, tool_use_id: `use-${number}` });
  };
  const times: Record<'node' | 'PostToolUse' | 'SessionStart' | 'atOnce', number[]> = {
    ...{ node: [], PostToolUse: [], SessionStart: [], atOnce: [] },
  };
  for (const name of ['user-prompt-submit', 'post-tool-use-edit', 'stop']) await run(env, input(name, 'before'));
  for (let round = 0; round <= ROUNDS; round += 1) {
    say(`hooks, round ${round} of ${ROUNDS} …`);
    const taken = {
      node: await run(env, '', ['-e', '0']),
      PostToolUse: await run(env, input('post-tool-use-bash', 'one')),
      SessionStart: await run(env, input('session-start', `start-${round}`)),
      atOnce: await timeOf(() =>
        Promise.all(
          Array.from({ length: AT_ONCE }, (_, session) => run(env, input('post-tool-use-bash', `session-${session}`))),
        ),
      ),
    };
    // The first round only warms up caches.
    if (round > 0) for (const name of Object.keys(times) as (keyof typeof times)[]) times[name].push(taken[name]);
  }
  const node = median(times.node);
  const row = (what: string, ms: number, targetMs: number) => [
    what,
    `${ms.toFixed(0)} ms (${(ms / node).toFixed(1)} ×)`,
    `≤ ${targetMs} ms`,
    verdict(ms <= targetMs),
  ];
  return {
    columns: ['hook', 'time', 'target', ''],
    rows: [
      ['`node -e 0`', `${node.toFixed(0)} ms`, '', ''],
      row('PostToolUse', median(times.PostToolUse), TARGET_MS),
      row('SessionStart, with the stored context', median(times.SessionStart), TARGET_MS),
      row(`${AT_ONCE} parallel PostToolUse, until the last`, median(times.atOnce), AT_ONCE_TARGET_MS),
    ],
    notes: [`Medians of ${ROUNDS} runs, each in turn with the others. The event is in SQLite when the hook ends.`],
  };
}

/** Milliseconds from spawn to exit; the exit code must be 0. */
function run(env: NodeJS.ProcessEnv, input: string, args: readonly string[] = [CLI, 'hook']): Promise<number> {
  return timeOf(async () => {
    const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${String(code)}`);
  });
}

function command(args: readonly string[], env: NodeJS.ProcessEnv): void {
  const { status, stderr } = spawnSync(process.execPath, [CLI, ...args], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`claude-mem ${args.join(' ')} ended with ${String(status)}: ${stderr}`);
}
