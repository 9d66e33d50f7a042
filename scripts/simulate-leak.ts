// Makes a real leak and lets claude-mem find and end it, like a session in a shell. Touches only its own processes and
// its own temporary data dir, and removes both at the end in any case. See --help.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fixtureChroma, realChroma, type ChromaProgram } from './leak/chroma-program.ts';
import { makeLeak, type OrphanedChromas } from './leak/make-leak.ts';
import { findOnPath } from './uv.ts';

const HELP = `Usage: npm run demo -- [options]

  --pairs <n>   how many chroma-mcps to leak (default 3)
  --imitation   use the imitation even if uvx has the real chroma-mcp in its cache
  --help        this text`;

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const CONSTRAINTS = fileURLToPath(new URL('../dist/chroma-constraints.txt', import.meta.url));

/** In milliseconds. If environments cannot be read, only age proves a leak; younger processes are left alone. */
const PATTERN_AGE_MS = 125_000;

const { values: options } = parseArgs({
  options: {
    pairs: { type: 'string', default: '3' },
    imitation: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const isPiped = !process.stdout.isTTY || process.env.NO_COLOR !== undefined;
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'claude-mem-demo-')));
let leak: OrphanedChromas | undefined;
let interrupted: NodeJS.Signals | undefined;

process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

if (options.help) console.log(HELP);
else await main();

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // A second Ctrl-C exits without cleanup: the watchdog also ends the leak after the death of this process.
      if (interrupted !== undefined) process.exit(130);
      interrupted = signal;
    });
  }
  try {
    process.exitCode = await demonstrate();
  } catch (error) {
    process.exitCode = 1;
    if (interrupted === undefined) console.error(error instanceof Error ? error.message : error);
  } finally {
    await leak?.cleanup();
  }
  if (interrupted !== undefined) process.exitCode = 130;
}

/** Returns 0 if each command gave the expected output. */
async function demonstrate(): Promise<number> {
  if (!existsSync(CLI)) throw new Error('dist/cli.js is missing: run `npm run build` first');
  const pairs = Number(options.pairs);
  if (!Number.isInteger(pairs) || pairs < 1) throw new Error(`--pairs must be 1 or more, not "${options.pairs}"`);
  const dataDir = join(folder, 'data');
  mkdirSync(join(dataDir, 'vectors'), { recursive: true, mode: 0o700 });
  leak = await leakSome(pairs, dataDir);
  say(
    `The worker (pid ${leak.parent.pid}) was killed. These processes that it started are still running, re-parented to pid ${leak.adopter}:`,
  );
  say(leak.pairs.map(({ wrapper, python }) => `  uv ${wrapper.pid}, python ${python.pid}`).join('\n'));
  if (process.platform !== 'linux') {
    say(`This system does not show environments, so only age proves a leak: waiting ${PATTERN_AGE_MS / 1_000} s.`);
    await sleep(PATTERN_AGE_MS);
  }
  type(`export CLAUDE_MEM_DATA_DIR=${dataDir}`);
  const steps = [
    { args: ['leaks'], expected: 1 },
    { args: ['reap', '--dry-run'], expected: 0 },
    { args: ['reap', '--yes'], expected: 0 },
    { args: ['leaks'], expected: 0 },
  ];
  let unexpected = 0;
  for (const { args, expected } of steps) {
    if (interrupted !== undefined) break;
    const code = await runCommand(args, dataDir);
    if (code !== expected) unexpected += 1;
    if (args.includes('--yes')) await untilWaitedFor(leak);
  }
  return unexpected === 0 ? 0 : 1;
}

async function leakSome(count: number, dataDir: string): Promise<OrphanedChromas> {
  const marks = { treeId: randomUUID(), role: 'chroma-sync', dataDir };
  const request = { directory: join(dataDir, 'vectors'), count, marks };
  const uvx = options.imitation ? undefined : (process.env.CLAUDE_MEM_UVX ?? (await findOnPath('uvx')));
  if (uvx !== undefined) {
    try {
      const made = await makeLeak({ ...request, program: real(uvx) });
      say(`Leaked ${count} real chroma-mcp ${count === 1 ? 'pair' : 'pairs'}.`);
      return made;
    } catch {
      // Most likely not in uv's cache; a demonstration does not download 600 MB.
    }
  }
  const made = await makeLeak({ ...request, program: fixtureChroma(join(folder, 'imitation')) });
  const reason = options.imitation ? '' : ', because uvx does not have chroma-mcp in its cache on this machine';
  say(`Leaked ${count} imitations of chroma-mcp: real processes with its names, arguments and behavior${reason}.`);
  return made;
}

function real(uvx: string): ChromaProgram {
  return realChroma({ uvx, constraints: CONSTRAINTS, home: homedir(), env: {} });
}

/**
 * On some machines pid 1 reaps only every two seconds. Until then the dead are zombies, which would be a distraction
 * here.
 */
async function untilWaitedFor({ pairs }: OrphanedChromas): Promise<void> {
  const pids = pairs.flatMap(({ wrapper, python }) => [wrapper.pid, python.pid]);
  for (let waitedMs = 0; waitedMs < 3_000 && pids.some((pid) => existsSync(`/proc/${pid}`)); waitedMs += 100)
    await sleep(100);
}

async function runCommand(args: readonly string[], dataDir: string): Promise<number | null> {
  type(`claude-mem ${args.join(' ')}`);
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, CLAUDE_MEM_DATA_DIR: dataDir },
    stdio: 'inherit',
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  say(dim(`exit code ${code ?? 'none'}`));
  return code;
}

function type(command: string): void {
  say(`\n${dim('$')} ${isPiped ? command : `\x1b[1m${command}\x1b[0m`}`);
}

function dim(text: string): string {
  return isPiped ? text : `\x1b[2m${text}\x1b[0m`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
