import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromaArguments, type ChromaProgram } from './chroma-program.ts';
import { childrenOf, identify, isAlive, parentOf, signalIfSame, type Identity } from './identity.mjs';
import { temporaryFolder } from './runs.mjs';

export interface LeakOptions {
  readonly program: ChromaProgram;
  /** The value of `--data-dir`. */
  readonly directory: string;
  /** Number of pairs of wrapper and python; default 1. */
  readonly count?: number;
  /** The marks that a worker sets for its children; without them they look like the plugin's. */
  readonly marks?: { readonly treeId: string; readonly role: string; readonly dataDir: string };
  /** A subreaper command that starts the command after it in its own session and adopts the orphans. */
  readonly holder?: readonly string[];
  /** Added to the environment of this process, for all of them. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Seconds after which everything ends by itself; default 300. */
  readonly watchdogSeconds?: number;
  /** Milliseconds until all of them must be ready; default 120,000. */
  readonly readyWithinMs?: number;
}

export interface ChromaPair {
  readonly wrapper: Identity;
  readonly python: Identity;
}

/** Running chroma-mcps below a parent that is a session leader, like the plugin's worker. */
export interface StartedChromas {
  readonly pairs: readonly ChromaPair[];
  readonly parent: Identity;
  /** The subreaper that adopts the orphans, if one was requested. */
  readonly holder: Identity | undefined;
  /**
   * Kills the parent and waits until the wrappers are re-parented, which makes them a leak. Returns their new parent.
   */
  readonly orphan: () => Promise<number>;
  /** Ends everything it started, by identity, and waits until it is gone. Also happens when this process dies. */
  readonly cleanup: () => Promise<void>;
}

const MARKS = ['CLAUDE_MEM_TREE', 'CLAUDE_MEM_OWNER', 'CLAUDE_MEM_ROLE', 'CLAUDE_MEM_DATA_DIR'];
const PAUSE_MS = 20;
const ADOPTION_TIMEOUT_MS = 10_000;

/** Starts chroma-mcps and waits until they are ready. */
export async function startChromas(options: LeakOptions): Promise<StartedChromas> {
  const folder = mkdtempSync(join(temporaryFolder(), 'cm-leak-'));
  const env = environment(options);
  const watchdogSeconds = options.watchdogSeconds ?? 300;
  // The fixture reads this pipe and ends with it; the real one does not end at the end of input.
  const stdin = options.program.readyFolder === undefined ? undefined : makeFifo(join(folder, 'stdin'));
  const watchdog = new Watchdog(watchdogSeconds, stdin, env);
  const launched = launch({ ...options, watchdogSeconds }, { folder, stdin, env });
  const started = identify(launched.pid ?? 0);
  const cleanup = async () => {
    await watchdog.endAll();
    await ended(launched);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    if (started !== undefined) await watchdog.note([started]);
    const { parent, wrappers } = await readReport(join(folder, 'report.json'), launched, options);
    const pairs = await findPairs(wrappers, options);
    await watchdog.note([parent, ...pairs.flatMap(({ wrapper, python }) => [wrapper, python])]);
    const holder = options.holder === undefined ? undefined : started;
    return { pairs, parent, holder, orphan: () => orphan(parent, pairs), cleanup };
  } catch (error) {
    await cleanup();
    throw error;
  }
}

/** Chroma-mcps whose parent is gone. */
export interface OrphanedChromas extends StartedChromas {
  /** Pid of their parent now. */
  readonly adopter: number;
}

/** Starts chroma-mcps and kills their parent: a real leak. */
export async function makeLeak(options: LeakOptions): Promise<OrphanedChromas> {
  const chromas = await startChromas(options);
  try {
    return { ...chromas, adopter: await chromas.orphan() };
  } catch (error) {
    await chromas.cleanup();
    throw error;
  }
}

/** Marks of the tree that runs this are removed. */
function environment(options: LeakOptions): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !MARKS.includes(name));
  return { ...Object.fromEntries(inherited), ...options.env };
}

function makeFifo(file: string): string {
  execFileSync('mkfifo', [file]);
  return file;
}

/** The process of `watchdog.mjs`, which may outlive this one. */
class Watchdog {
  readonly #child: ChildProcess;

  constructor(seconds: number, fifo: string | undefined, env: NodeJS.ProcessEnv) {
    const args = [script('watchdog.mjs'), String(seconds), ...(fifo === undefined ? [] : [fifo])];
    // In its own session: an early Ctrl-C must not end it.
    this.#child = spawn(process.execPath, args, { env, detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin?.on('error', () => undefined);
  }

  async note(identities: readonly Identity[]): Promise<void> {
    const noted = new Promise<void>((resolve, reject) => {
      this.#child.stdout?.once('data', () => {
        resolve();
      });
      this.#child.once('exit', () => {
        reject(new Error('the watchdog has ended'));
      });
    });
    this.#child.stdin?.write(`${JSON.stringify(identities)}\n`);
    await noted;
  }

  async endAll(): Promise<void> {
    this.#child.stdin?.end();
    await ended(this.#child);
    if (this.#child.exitCode !== 0) throw new Error('what was started for a test could not be ended');
  }
}

function launch(
  options: LeakOptions,
  { folder, stdin, env }: { folder: string; stdin: string | undefined; env: NodeJS.ProcessEnv },
): ChildProcess {
  const task = {
    command: options.program.command,
    args: [...options.program.prefix, ...chromaArguments(options.directory)],
    cwd: options.program.cwd,
    env: options.program.env,
    count: options.count ?? 1,
    marks: options.marks,
    handshake: options.program.readyFolder === undefined,
    stdin,
    report: join(folder, 'report.json'),
    watchdogMs: (options.watchdogSeconds ?? 0) * 1_000,
  };
  const command = [...(options.holder ?? []), process.execPath, script('parent.mjs'), JSON.stringify(task)];
  const [file = '', ...args] = command;
  // A subreaper stays in this session and starts its child in a new one.
  return spawn(file, args, { env, detached: options.holder === undefined, stdio: ['pipe', 'ignore', 'inherit'] });
}

interface Report {
  readonly parent: Identity;
  readonly wrappers: readonly Identity[];
}

async function readReport(file: string, launched: ChildProcess, options: LeakOptions): Promise<Report> {
  const report = await until('the parent reports', options.readyWithinMs ?? 120_000, () => {
    const content = read(file);
    if (content !== undefined) return JSON.parse(content) as Report | { error: string };
    if (launched.exitCode !== null || launched.signalCode !== null) throw new Error('the parent has ended');
    return undefined;
  });
  if ('error' in report) throw new Error(report.error);
  return report;
}

/** Pairs each python with its wrapper: the fixture reports it, for the real ones the process table shows it. */
async function findPairs(wrappers: readonly Identity[], options: LeakOptions): Promise<readonly ChromaPair[]> {
  const { readyFolder } = options.program;
  const find =
    readyFolder === undefined
      ? () => wrappers.map((wrapper) => ({ wrapper, python: identifyFirst(childrenOf(wrapper.pid)) }))
      : () => readyPairs(readyFolder, wrappers);
  return until('every chroma-mcp is ready', options.readyWithinMs ?? 120_000, () => {
    const pairs = find().filter((pair): pair is ChromaPair => pair.python !== undefined);
    return pairs.length === wrappers.length ? pairs : undefined;
  });
}

function identifyFirst(pids: readonly number[]): Identity | undefined {
  return pids[0] === undefined ? undefined : identify(pids[0]);
}

function readyPairs(
  folder: string,
  wrappers: readonly Identity[],
): readonly { wrapper: Identity; python: Identity | undefined }[] {
  const files = readdirSync(folder);
  if (files.length < wrappers.length) return [];
  const byPid = new Map(wrappers.map((wrapper) => [wrapper.pid, wrapper]));
  return files.flatMap((file) => {
    // Incomplete without its line end.
    const wrapper = byPid.get(Number(/^(\d+)\n/.exec(read(join(folder, file)) ?? '')?.[1]));
    return wrapper === undefined ? [] : [{ wrapper, python: identify(Number(file)) }];
  });
}

async function orphan(parent: Identity, pairs: readonly ChromaPair[]): Promise<number> {
  signalIfSame(parent, 'SIGKILL');
  return until('the orphans are adopted', ADOPTION_TIMEOUT_MS, () => {
    if (isAlive(parent)) return undefined;
    const adopters = pairs.map(({ wrapper }) => parentOf(wrapper.pid));
    return adopters.includes(parent.pid) ? undefined : adopters[0];
  });
}

async function until<T>(what: string, withinMs: number, probe: () => T | undefined): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = probe();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await sleep(PAUSE_MS);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  await new Promise((resolve) => child.once('exit', resolve));
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
