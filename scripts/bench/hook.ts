import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quoteShell } from '../../src/core/text/quote-shell.ts';
import { askSocket } from '../../src/shared/ask-socket.ts';
import { freePort } from '../../test/helpers/free-port.ts';
import { hookInput } from '../../test/helpers/hook-input.ts';
import { verdict, type Benchmark, type BenchmarkTools } from './benchmark.ts';
import { CLI } from './program.ts';
import { sideBySide, timeOf } from './timing.ts';

const ROUNDS = 15;
/** More than `sh -c true`. */
const SCRIPT_TARGET_MS = 10;
const AT_ONCE = 20;
const AT_ONCE_TARGET_MS = 200;
const START_TARGET_MS = 300;
const SPOOLED = 5_000;
const SPOOLED_TARGET_MS = 5_000;
const HEALTH_EVERY_MS = 50;
const HEALTH_TARGET_MS = 500;

interface Place {
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir: string;
}

/** Hooks beside a running tree, each from its start to its exit, for which Claude Code waits; and the spool after a pause of the tree. */
export const hook: Benchmark = {
  title: 'Hooks of Claude Code',
  async run({ folder, say }) {
    const dataDir = join(folder, 'hook');
    const env = {
      ...process.env,
      CLAUDE_MEM_DATA_DIR: dataDir,
      CLAUDE_MEM_WORKER_PORT: String(await freePort()),
    };
    command(['start', '--no-chroma'], env);
    try {
      const figures = await measureHooks({ env, dataDir }, say);
      command(['stop'], env);
      say(`${SPOOLED} spooled events …`);
      return tableOf({ ...figures, ...(await measureSpool({ env, dataDir })) });
    } finally {
      command(['stop'], env);
    }
  },
};

async function measureHooks({ env, dataDir }: Place, say: BenchmarkTools['say']) {
  let number = 0;
  const input = (name: string, session: string) => {
    number += 1;
    return hookInput(name, { session_id: session, tool_use_id: `use-${number}` });
  };
  const script = quoteShell([join(dataDir, 'bin', 'hook'), 'PostToolUse', '--for=claude-code']);
  const sh = (text: string, stdin: string) => run(env, ['/bin/sh', '-c', text], stdin);
  const start = (session: string) => run(env, [process.execPath, CLI, 'hook'], input('session-start', session));
  for (const name of ['user-prompt-submit', 'post-tool-use-edit', 'stop']) await sh(script, input(name, 'before'));
  await spoolEmpty(dataDir);
  say('hooks …');
  return sideBySide(
    {
      nothing: () => sh('true', ''),
      script: () => sh(script, input('post-tool-use-bash', 'one')),
      atOnce: () =>
        Promise.all(
          Array.from({ length: AT_ONCE }, (_, session) => sh(script, input('post-tool-use-bash', `s${session}`))),
        ),
      // Not measured: the worker stores the events of the parallel hooks.
      pause: () => spoolEmpty(dataDir),
      start: () => start(`start-${number}`),
    },
    { rounds: ROUNDS },
  );
}

/** Starts a tree on a full spool. Counts from the first answer of the worker. */
async function measureSpool({ env, dataDir }: Place) {
  const folder = join(dataDir, 'spool');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (let number = 0; number < SPOOLED; number += 1) {
    const session = { session_id: `spooled-${number % AT_ONCE}`, tool_use_id: `spooled-${number}` };
    writeFileSync(join(folder, `${1_000_000 + number}.hook`), hookInput('post-tool-use-bash', session));
  }
  const starting = spawn(process.execPath, [CLI, 'start', '--no-chroma'], { env, stdio: 'ignore' });
  const started = once(starting, 'exit');
  const socketPath = join(dataDir, 'worker.sock');
  const health = () => askSocket({ socketPath, path: '/health', withinMs: 10_000 });
  while (!(await health().then(Boolean, () => false))) await sleep(5);
  const begunAt = performance.now();
  let longestAnswer = 0;
  while (waitingIn(folder) > 0) {
    longestAnswer = Math.max(longestAnswer, await timeOf(health));
    await sleep(HEALTH_EVERY_MS);
  }
  const spooled = performance.now() - begunAt;
  await started;
  return { spooled, longestAnswer };
}

type Figures = Readonly<Record<'nothing' | 'script' | 'atOnce' | 'start' | 'spooled' | 'longestAnswer', number>>;

function tableOf({ nothing, script, atOnce, start, spooled, longestAnswer }: Figures) {
  const row = (what: string, ms: number, targetMs: number, target = `≤ ${targetMs} ms`) => [
    ...[what, `${ms.toFixed(ms < 50 ? 1 : 0)} ms`, target],
    verdict(ms <= targetMs),
  ];
  return {
    columns: ['hook', 'time', 'target', ''],
    rows: [
      ['`sh -c true`', `${nothing.toFixed(1)} ms`, '', ''],
      row('the hook script', script, nothing + SCRIPT_TARGET_MS, `≤ ${SCRIPT_TARGET_MS} ms more`),
      row(`${AT_ONCE} parallel hook scripts, until the last`, atOnce, AT_ONCE_TARGET_MS),
      row('SessionStart, with the stored context', start, START_TARGET_MS),
      row(`${SPOOLED} spooled events, until the last is stored`, spooled, SPOOLED_TARGET_MS),
      row('the longest answer to a health check meanwhile', longestAnswer, HEALTH_TARGET_MS),
    ],
    notes: [
      `Hooks: medians of ${ROUNDS} runs, each in turn with the others, beside a running tree that stores the events meanwhile.`,
      `Spool: one start of a tree, from the first answer of its worker; a health check every ${HEALTH_EVERY_MS} ms.`,
    ],
  };
}

async function spoolEmpty(dataDir: string): Promise<void> {
  while (waitingIn(join(dataDir, 'spool')) > 0) await sleep(HEALTH_EVERY_MS);
}

function waitingIn(folder: string): number {
  return readdirSync(folder).filter((name) => name.endsWith('.hook')).length;
}

/** Runs a command to its exit; the exit code must be 0. */
async function run(env: NodeJS.ProcessEnv, [program = '', ...args]: readonly string[], input: string): Promise<void> {
  const child = spawn(program, args, { env, stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${String(code)}`);
}

function command(args: readonly string[], env: NodeJS.ProcessEnv): void {
  const { status, stderr } = spawnSync(process.execPath, [CLI, ...args], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`claude-mem ${args.join(' ')} ended with ${String(status)}: ${stderr}`);
}
