import { readProcText } from '../../scripts/leak/proc-text.mjs';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { identify, isAlive, signalIfSame, type Identity } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { CLI, cleanEnvironment, runProgram, type RunOptions, type RunResult } from '../helpers/run-cli.ts';
import { createTempDir, tempDir } from '../helpers/temp-dir.ts';

/** The fields of `start`, `stop`, `restart` and `status --json` that tests use. */
export interface TreeReport {
  readonly ok: boolean;
  readonly running: boolean;
  readonly state: string | null;
  readonly problem: string | null;
  readonly version: string | null;
  readonly treeId: string | null;
  readonly alreadyRunning: boolean;
  readonly processes: readonly {
    readonly role: string | null;
    readonly pid: number;
    readonly restarts: number | null;
  }[];
  readonly ended: readonly { readonly pid: number; readonly outcome: string }[];
  readonly remaining: readonly unknown[];
  readonly left: readonly { readonly pid: number }[];
  readonly unwritten: readonly string[];
  readonly search: { readonly mode: string; readonly reason: string | null };
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface Ran extends RunResult {
  readonly report: TreeReport;
}

export interface Member extends Identity {
  readonly role: string;
  readonly ppid: number;
}

export interface TreeOptions {
  readonly home?: string;
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The program; default: the built one. */
  readonly cli?: string;
}

/** A data dir and port for this test; everything that runs on them is ended after the test. */
export class TestTree {
  readonly home: string;
  readonly dataDir: string;
  readonly port: number;
  readonly #options: TreeOptions;

  private constructor(options: TreeOptions, port: number) {
    this.home = options.home ?? createHome();
    this.dataDir = options.dataDir ?? join(this.home, '.claude-mem');
    this.port = port;
    this.#options = options;
  }

  static async create(options: TreeOptions = {}): Promise<TestTree> {
    const tree = new TestTree(options, await freePort());
    onTestFinished(() => tree.#cleanUp());
    return tree;
  }

  /** Runs the program on this data dir. */
  run(args: readonly string[], options: Partial<RunOptions> & { readonly cli?: string } = {}): Promise<RunResult> {
    const { cli = this.#options.cli ?? CLI, ...rest } = options;
    return runProgram(process.execPath, [cli, ...args], { home: this.home, ...rest, env: this.env(rest.env) });
  }

  env(extra: RunOptions['env'] = {}): Record<string, string | undefined> {
    return {
      CLAUDE_MEM_WORKER_PORT: String(this.port),
      ...(this.#options.dataDir === undefined ? {} : { CLAUDE_MEM_DATA_DIR: this.dataDir }),
      ...this.#options.env,
      ...extra,
    };
  }

  async json(args: readonly string[], options: Partial<RunOptions> & { readonly cli?: string } = {}): Promise<Ran> {
    const ran = await this.run([...args, '--json'], options);
    return { ...ran, report: JSON.parse(ran.stdout) as TreeReport };
  }

  async start(...args: readonly string[]): Promise<TreeReport> {
    const { status, report, stderr } = await this.json(['start', ...args]);
    expect(report.error, stderr).toBe(null);
    expect(status).toBe(0);
    return report;
  }

  /** Stops the tree and expects that nothing is left. */
  async stop(...args: readonly string[]): Promise<Ran> {
    const ran = await this.json(['stop', ...args]);
    expect(ran.report).toMatchObject({ ok: true, remaining: [] });
    expect(this.members()).toEqual([]);
    return ran;
  }

  /** Processes with a mark of this data dir, read from /proc without code of the program. */
  members(): readonly Member[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => memberOf(Number(name), this.dataDir))
      .filter((member) => member !== undefined);
  }

  roles(): readonly string[] {
    return this.members()
      .map(({ role }) => role)
      .sort();
  }

  member(role: string): Member {
    const found = this.members().find((member) => member.role === role);
    if (found === undefined) throw new Error(`no ${role} runs`);
    return found;
  }

  /** Waits for a role: a Chroma that failed to start is started again. */
  async memberOnceThere(role: string, withinMs = 30_000): Promise<Member> {
    let found: Member | undefined;
    await eventually(
      `a ${role} runs`,
      () => {
        found = this.members().find((member) => member.role === role);
        return found !== undefined;
      },
      { withinMs, dump: () => ({ members: this.members(), log: this.log() }) },
    );
    return found!;
  }

  /** Waits until exactly these roles run. */
  async expectRoles(roles: readonly string[], withinMs = 5_000): Promise<void> {
    await eventually(
      `there run ${roles.join(', ') || 'none'}`,
      () => {
        expect(this.roles()).toEqual([...roles].sort());
        return true;
      },
      { withinMs, dump: () => ({ members: this.members(), log: this.log() }) },
    );
  }

  /** The count of processes as users take it, for this data dir only. */
  psCount(): number {
    const line = `ps aux | grep -E "(uvx|python.*chroma)" | grep -v grep | grep -F '${this.dataDir}' | wc -l`;
    return Number(spawnSync('sh', ['-c', line], { encoding: 'utf8' }).stdout.trim());
  }

  /** The worker's Prometheus metrics. */
  async metrics(): Promise<string> {
    const authorization = `Bearer ${readFileSync(join(this.dataDir, 'token'), 'utf8').trim()}`;
    return (await fetch(`http://127.0.0.1:${this.port}/metrics`, { headers: { authorization } })).text();
  }

  /** Sends a request to the worker. */
  async ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const token = readFileSync(join(this.dataDir, 'token'), 'utf8').trim();
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async session(): Promise<string> {
    const { status, body } = await this.ask('POST', '/api/sessions', { project: 'p', prompt: 'hello' });
    expect(status).toBe(201);
    return String(body.id);
  }

  /** Adds an observation and returns once the API has acknowledged it. */
  async observe(session: string, title: string, text: string): Promise<void> {
    const observation = { type: 'discovery', title, text };
    const { status } = await this.ask('POST', `/api/sessions/${session}/observations`, observation);
    expect(status).toBe(201);
  }

  async search(query: string): Promise<{ mode: string; reason: unknown; titles: readonly string[] }> {
    const { body } = await this.ask('GET', `/api/search?q=${encodeURIComponent(query)}`);
    const results = body.results as readonly { readonly title: string }[];
    return { mode: String(body.mode), reason: body.reason, titles: results.map(({ title }) => title) };
  }

  log(): string {
    const logs = join(this.dataDir, 'logs');
    try {
      return readdirSync(logs)
        .map((name) => `--- ${name}\n${readFileSync(join(logs, name), 'utf8').slice(-3_000)}`)
        .join('\n');
    } catch {
      return '';
    }
  }

  async #cleanUp(): Promise<void> {
    for (const member of this.members()) signalIfSame(member, 'SIGCONT');
    if (this.members().length > 0) await this.run(['stop', '--grace', '2s']).catch(() => undefined);
    const left = this.members();
    for (const member of left) signalIfSame(member, 'SIGKILL');
    await eventually('the tree of this test has ended', () => !left.some(isAlive));
  }
}

/** A program started without waiting for its end. */
export function launch(
  tree: TestTree,
  args: readonly string[],
  cwd = tree.home,
): ChildProcess & { readonly pid: number } {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: cleanEnvironment({ home: tree.home, env: tree.env() }),
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  if (child.pid === undefined) throw new Error('not started');
  return child as ChildProcess & { readonly pid: number };
}

export async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  return new Promise((resolve) => {
    child.once('exit', resolve);
  });
}

export function kill(member: Identity, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (!signalIfSame(member, signal)) throw new Error(`pid ${member.pid} is not there any more`);
}

/** A copy of the built program, with another version or without koffi, as after an upgrade or a minimal install. */
export function copyOfProgram({ version, koffi = true }: { version?: string; koffi?: boolean } = {}): string {
  const folder = tempDir();
  const dist = join(folder, 'dist');
  cpSync(dirname(CLI), dist, { recursive: true });
  const modules = fileURLToPath(new URL('../../node_modules/', import.meta.url));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of koffi ? ['libsql', 'koffi'] : ['libsql']) {
    symlinkSync(join(modules, name), join(folder, 'node_modules', name));
  }
  if (version !== undefined) {
    const { version: built } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
    for (const name of files.filter((file) => file.endsWith('.js'))) {
      const text = readFileSync(join(dist, name), 'utf8');
      writeFileSync(join(dist, name), text.replaceAll(`"${built}"`, `"${version}"`));
    }
  }
  return join(dist, 'cli.js');
}

/** Removed explicitly: it must outlive the processes that run in it. */
function createHome(): string {
  const folder = createTempDir();
  onTestFinished(() => {
    folder.remove();
  });
  return folder.path;
}

function memberOf(pid: number, dataDir: string): Member | undefined {
  const environment = read(`/proc/${pid}/environ`)?.split('\0');
  if (environment?.includes(`CLAUDE_MEM_DATA_DIR=${dataDir}`) !== true) return undefined;
  const role = environment.find((entry) => entry.startsWith('CLAUDE_MEM_ROLE='))?.split('=')[1];
  const identity = identify(pid);
  if (role === undefined || identity === undefined) return undefined;
  const stat = read(`/proc/${pid}/stat`) ?? '';
  return { ...identity, role: roleOf(pid, role), ppid: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) };
}

/**
 * Wrapper and python share one role; tests distinguish them. During its start, uv briefly runs other processes to query
 * a Python.
 */
function roleOf(pid: number, role: string): string {
  if (!role.startsWith('chroma')) return role;
  if (read(`/proc/${pid}/comm`)?.trim() === 'uv') return 'uv';
  return read(`/proc/${pid}/cmdline`)?.includes('chroma-mcp') === true ? 'python' : 'helper';
}

function read(file: string): string | undefined {
  try {
    return readProcText(file);
  } catch {
    return undefined;
  }
}
