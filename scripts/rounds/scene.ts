import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Disk } from './disk.ts';
import type { CommandStrike, RoundPlan } from './plan.ts';
import { installModel, installStandIn } from './stand-in.ts';
import { identify, programOf, ROUND_MARK, signal, Table, type Row, type Who } from './table.ts';

/** The real uvx and its requirements, as prepared for the tests. */
export interface RealChroma {
  readonly uvx: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface SceneOptions {
  /** The folder of this round. */
  readonly folder: string;
  readonly mark: string;
  readonly real: RealChroma | undefined;
  /** Aborted when the run ends before the round. */
  readonly over: AbortSignal;
}

export interface Ended {
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly hasTimedOut: boolean;
}

export interface RunOptions {
  readonly strike?: CommandStrike | undefined;
  /** Writes its output to a device that is always full. */
  readonly losesOutput?: boolean | undefined;
  readonly input?: string;
}

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
/** In milliseconds. Another command may hold the lock for 30 s, and the machine may be busy. */
const COMMAND_TIMEOUT_MS = 120_000;
const MOST_OUTPUT = 8 * 1024 * 1024;
/** Wait for output that was written but not read yet, on a loaded machine, in milliseconds. */
const OUTPUT_WAIT_MS = 3_000;

/** The place of a round: its own data dir, home, port and mark. */
export class Scene {
  readonly folder: string;
  readonly dataDir: string;
  readonly port: number;
  readonly mark: string;
  readonly table: Table;
  readonly disk: Disk;
  readonly fake: string;
  readonly #over: AbortSignal;
  readonly #env: Record<string, string>;

  static async open(plan: RoundPlan, options: SceneOptions): Promise<Scene> {
    const port = await reservePort();
    options.over.throwIfAborted();
    return new Scene(plan, options, port);
  }

  private constructor(plan: RoundPlan, { folder, mark, real, over }: SceneOptions, port: number) {
    this.#over = over;
    this.folder = folder;
    this.mark = mark;
    this.port = port;
    this.table = new Table(mark);
    const home = join(folder, 'home');
    this.fake = join(folder, 'fake');
    mkdirSync(home, { recursive: true });
    // Bystanders of other users run the stand-in too.
    chmodSync(folder, 0o755);
    const standIn = installStandIn(this.fake);
    this.disk = new Disk(join(folder, 'disk'), plan.onSmallDisk);
    this.dataDir = join(folder, 'disk', 'data');
    mkdirSync(this.dataDir, { mode: 0o700 });
    const usesReal = plan.chroma === 'real' && real !== undefined;
    if (usesReal) linkModel(real.home, home);
    else installModel(home);
    this.#env = {
      ...(usesReal ? real.env : { PATH: process.env.PATH ?? '/usr/bin:/bin' }),
      ...{ HOME: home, NO_COLOR: '1', LANG: 'C.UTF-8' },
      CLAUDE_MEM_DATA_DIR: this.dataDir,
      CLAUDE_MEM_WORKER_PORT: String(port),
      CLAUDE_MEM_CHROMA_ENABLED: plan.chroma === 'off' ? 'false' : 'true',
      CLAUDE_MEM_UVX: usesReal ? real.uvx : standIn,
      [ROUND_MARK]: mark,
    };
  }

  get env(): Readonly<Record<string, string>> {
    return this.#env;
  }

  /** Called before anything is started, mounted or damaged: it would outlive an interrupted run. */
  throwIfOver(): void {
    this.#over.throwIfAborted();
  }

  rows(): readonly Row[] {
    return this.table.rows();
  }

  /** Running programs of the tree; bystanders are excluded regardless of their look. */
  programs(rows = this.rows()): readonly Row[] {
    return rows.filter((row) => row.bystander === undefined && row.tree !== undefined && programOf(row) !== undefined);
  }

  /** Kills every process of the round, including bystanders. */
  endEverybody(): void {
    for (let looks = 0; looks < 5; looks += 1) {
      const rows = this.rows();
      if (rows.length === 0) return;
      for (const row of rows) signal(row, 'SIGKILL');
    }
  }

  token(): string {
    return readFileSync(join(this.dataDir, 'token'), 'utf8').trim();
  }

  /** The manifest files, the newest last. */
  manifests(): readonly string[] {
    const folder = join(this.dataDir, 'trees');
    try {
      return readdirSync(folder)
        .filter((name) => /^[0-9a-f-]{36}\.json$/.test(name))
        .map((name) => join(folder, name))
        .sort();
    } catch {
      return [];
    }
  }

  /** Runs the program to its end. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    this.throwIfOver();
    const full = options.losesOutput === true ? openSync('/dev/full', 'w') : undefined;
    const child = spawn(process.execPath, [CLI, ...args], {
      cwd: join(this.folder, 'home'),
      env: this.#env,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', full ?? 'pipe', 'pipe'],
    });
    if (full !== undefined) closeSync(full);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input);
    const [out, err] = [collect(child.stdout), collect(child.stderr)];
    const closed = outputOf(child);
    const who = identify(child.pid ?? -1);
    const struck = strikeAt(who, options.strike);
    let hasTimedOut = false;
    const timer = setTimeout(() => {
      hasTimedOut = true;
      if (who !== undefined) signal(who, 'SIGKILL');
    }, COMMAND_TIMEOUT_MS);
    const [code, by] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (...ended) => {
        resolve(ended);
      });
    });
    clearTimeout(timer);
    await struck.cancel();
    await closed;
    return { pid: child.pid ?? -1, code, signal: by, stdout: out(), stderr: err(), hasTimedOut };
  }
}

/** Resolves when all its output was read. A process that it left behind may keep the pipe open. */
async function outputOf(child: ChildProcess): Promise<void> {
  await Promise.race([
    once(child, 'close'),
    once(child, 'exit').then(() => new Promise((resolve) => setTimeout(resolve, OUTPUT_WAIT_MS).unref())),
  ]).catch(() => undefined);
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.on('data', (chunk: Buffer) => {
    if (text.length < MOST_OUTPUT) text += chunk.toString('utf8');
  });
  return () => text;
}

function strikeAt(who: Who | undefined, strike: CommandStrike | undefined): { readonly cancel: () => Promise<void> } {
  if (who === undefined || strike === undefined) return { cancel: () => Promise.resolve() };
  const timers = [setTimeout(() => signal(who, strike.signal), strike.afterMs)];
  if (strike.thawAfterMs !== undefined) {
    timers.push(setTimeout(() => signal(who, 'SIGCONT'), strike.afterMs + strike.thawAfterMs));
  }
  return {
    cancel: () => {
      for (const timer of timers) clearTimeout(timer);
      return Promise.resolve();
    },
  };
}

function linkModel(from: string, home: string): void {
  mkdirSync(join(home, '.cache'), { recursive: true });
  symlinkSync(join(from, '.cache', 'chroma'), join(home, '.cache', 'chroma'));
}

/** Below the kernel's range of ephemeral ports. Starts at a random port, because other rounds run simultaneously. */
async function reservePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
