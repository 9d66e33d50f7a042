import { identityKey, sightAgain, type Sightings, type StartedProcess } from '../../core/process/descent.ts';
import { isChromaProgram, isChromaWrapper } from '../../core/process/role-program.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import type { Signal } from '../ports/process.ts';
import type { StopResult } from '../tree/stop-trees.ts';
import type { LifecyclePorts, TreeStatus } from '../tree/tree-lifecycle.ts';

/** The JSON output of `start`, `stop` and `restart`, as far as the scenarios use it. */
export interface LifecycleAnswer {
  readonly ok: boolean;
  readonly treeId: string | null;
  readonly alreadyRunning: boolean;
  readonly error: { readonly message: string } | null;
}

export interface StagePorts extends LifecyclePorts {
  /** Resolved. Made for this run only. */
  readonly dataDir: string;
  /** Runs the built program on that data dir; undefined if it printed no JSON. */
  readonly runCli: (args: readonly string[]) => Promise<LifecycleAnswer | undefined>;
  /** Ends the trees of that data dir from this process, under its lock. */
  readonly stopNow: (graceMs: number) => Promise<StopResult>;
  /** Sends a request to the worker. @returns the HTTP status. */
  readonly ask: (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<number>;
  readonly interrupted: AbortSignal;
}

/** The processes that a scenario can find and signal. */
export type Part = 'supervisor' | 'worker' | 'search' | 'wrapper' | 'python';

/** A scenario did not go as expected. The message is for people. */
export class ScenarioFailure extends Error {}

/** All in milliseconds. */
const POLL_MS = 10;
const PATIENCE_MS = 30_000;
const CHROMA_WITHIN_MS = 60_000;
/** Without a wrapper for this long, no Chroma is being started. */
const CHROMA_SIGN_WITHIN_MS = 5_000;

/** A private data dir on which scenarios start, signal and stop a tree. It tracks every process that ever belonged to that tree. */
export class Stage {
  readonly #ports: StagePorts;
  #seen: Sightings = { started: new Map(), before: new Set(), elsewhere: new Set(), outside: new Set() };
  #most = 0;
  #isComplete = true;
  #hasChroma: boolean;
  #hasSeenChroma = false;
  #whyNoChroma: string | null;

  /** @param whyNoChroma why Chroma is not available; null if it should be. */
  constructor(ports: StagePorts, whyNoChroma: string | null) {
    this.#ports = ports;
    this.#hasChroma = whyNoChroma === null;
    this.#whyNoChroma = whyNoChroma;
  }

  get ports(): StagePorts {
    return this.#ports;
  }

  get whyNoChroma(): string | null {
    return this.#whyNoChroma;
  }

  get hasChroma(): boolean {
    return this.#hasChroma;
  }

  /** Whether every reading so far was complete. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The highest count since the last call. */
  takeMost(): number {
    const most = this.#most;
    this.#most = 0;
    return most;
  }

  /**
   * The living processes of the stage: those with a tree mark of this data dir, and all their descendants. A cleared environment or a new
   * parent does not remove a process once it was seen.
   */
  async members(): Promise<readonly StartedProcess[]> {
    const { dataDir } = this.#ports;
    const { snapshot } = await this.#ports.takeReading();
    this.#isComplete &&= snapshot.complete && snapshot.unreadable === 0;
    const marked = snapshot.processes.filter((row) => typeof row.treeMark === 'string' && row.dataDirMark === dataDir);
    const { sightings, alive } = sightAgain(snapshot, this.#seen, {
      origin: { pid: snapshot.self.pid, claimsChildren: false, children: new Set() },
      marked: new Set(marked.map(({ pid }) => pid)),
    });
    this.#seen = sightings;
    this.#most = Math.max(this.#most, counted(alive).length);
    return alive;
  }

  /** The number of processes without supervisor and worker. */
  async count(): Promise<number> {
    return counted(await this.members()).length;
  }

  async find(part: Part): Promise<ProcessRow | undefined> {
    return (await this.members()).map(({ row }) => row).find((row) => partOf(row) === part);
  }

  async start(): Promise<LifecycleAnswer> {
    const answer = await this.run('start', '--timeout', '60s');
    if (answer.alreadyRunning) throw new ScenarioFailure('start found a tree that is already running');
    return answer;
  }

  async stop(...args: readonly string[]): Promise<void> {
    await this.run('stop', ...args);
  }

  /** @throws ScenarioFailure if the command reports a failure. */
  async run(...args: readonly string[]): Promise<LifecycleAnswer> {
    this.#throwIfInterrupted();
    const answer = await this.#ports.runCli(args);
    this.#throwIfInterrupted();
    if (answer?.ok === true) return answer;
    throw new ScenarioFailure(`${args[0] ?? ''} failed: ${answer?.error?.message ?? 'no answer'}`);
  }

  /** Creates a session and searches once, which starts Chroma. Waits for Chroma, if it is available. */
  async session(): Promise<void> {
    const created = await this.#ports.ask('POST', '/api/sessions', { project: 'verify', prompt: 'process cleanup' });
    if (created !== 201) throw new ScenarioFailure(`the worker refused a session (HTTP ${created})`);
    await this.#search();
    if (!this.#hasChroma) return;
    await this.#untilChroma();
  }

  /** A Chroma that ran once must run again. A Chroma that never appears is not available; the supervisor gives the reason. */
  async #untilChroma(): Promise<void> {
    const { clock } = this.#ports;
    let lastSign = clock.now();
    await this.until(
      'Chroma is running',
      async () => {
        const [wrapper, python] = [await this.find('wrapper'), await this.find('python')];
        if (wrapper !== undefined && python !== undefined) return (this.#hasSeenChroma = true);
        if (wrapper !== undefined) lastSign = clock.now();
        // A Chroma that has just died restarts with the next search after a pause.
        else await this.#search();
        if (this.#hasSeenChroma || clock.now() - lastSign < CHROMA_SIGN_WITHIN_MS) return false;
        const { mode, reason } = (await this.status())?.search ?? { mode: 'semantic', reason: null };
        if (mode === 'semantic') return false;
        this.#hasChroma = false;
        this.#whyNoChroma = reason;
        return true;
      },
      CHROMA_WITHIN_MS,
    );
  }

  async #search(): Promise<void> {
    const status = await this.#ports.ask('GET', '/api/search?q=cleanup');
    if (status !== 200) throw new ScenarioFailure(`the worker refused a search (HTTP ${status})`);
  }

  async status(): Promise<TreeStatus | undefined> {
    const connection = await this.#ports.connect();
    if (connection === 'late') return undefined;
    try {
      return await connection?.status().catch(() => undefined);
    } finally {
      connection?.close();
    }
  }

  /** Kills one part with SIGKILL and waits until it is gone. */
  async crash(part: Part): Promise<ProcessRow> {
    const row = await this.hit(part, 'SIGKILL');
    await this.untilGone([row]);
    return row;
  }

  /** Freezes one part with SIGSTOP and waits until it is stopped. Windows has no states; there it is stopped once the call returns. */
  async freeze(part: Part): Promise<void> {
    const { pid } = await this.hit(part, 'SIGSTOP');
    await this.until(`the ${part} is frozen`, async () =>
      (await this.members()).some(({ row }) => row.pid === pid && (row.state ?? 'T').toUpperCase() === 'T'),
    );
  }

  async hit(part: Part, signal: Signal): Promise<ProcessRow> {
    const row = await this.find(part);
    if (row === undefined) throw new ScenarioFailure(`no ${part} is running`);
    const bound = this.#ports.signaller.bind(row, { compareCommand: false });
    const result = typeof bound === 'string' ? bound : bound.signal(signal);
    if (typeof bound !== 'string') bound.close();
    if (result === 'sent') return row;
    throw new ScenarioFailure(`${signal} to the ${part} (pid ${row.pid}) failed: ${result}`);
  }

  async untilGone(rows: readonly ProcessRow[], withinMs?: number): Promise<void> {
    const keys = new Set(rows.map(identityKey));
    const pids = rows.map(({ pid }) => pid).join(', ');
    const isGone = async () => !(await this.members()).some(({ row }) => keys.has(identityKey(row)));
    await this.until(`pid ${pids} is gone`, isGone, withinMs);
  }

  /** Polls a condition. @param what the condition, for people. @throws ScenarioFailure at the time limit. */
  async until(what: string, isSo: () => Promise<boolean>, withinMs = PATIENCE_MS): Promise<void> {
    const { clock } = this.#ports;
    const deadline = clock.now() + withinMs;
    while (!(await isSo())) {
      this.#throwIfInterrupted();
      if (clock.now() >= deadline) throw new ScenarioFailure(`not true within ${withinMs / 1000} s: ${what}`);
      await clock.sleep(POLL_MS);
    }
  }

  #throwIfInterrupted(): void {
    if (this.#ports.interrupted.aborted) throw new ClaudeMemError('interrupted', 'interrupted');
  }
}

/** The processes that the report counts: all but supervisor and worker, which every tree has. */
export function counted(alive: readonly StartedProcess[]): readonly StartedProcess[] {
  return alive.filter(({ row }) => !['supervisor', 'worker'].includes(partOf(row) ?? ''));
}

function partOf(row: ProcessRow): Part | undefined {
  const { roleMark } = row;
  if (roleMark === 'chroma-sync' && isChromaProgram(row)) return isChromaWrapper(row) ? 'wrapper' : 'python';
  if (roleMark !== 'supervisor' && roleMark !== 'worker' && roleMark !== 'search') return undefined;
  // Children inherit the role mark until they get their own, so the script decides.
  return row.argv?.some((argument) => argument.endsWith(SCRIPTS[roleMark])) === true ? roleMark : undefined;
}

const SCRIPTS = { supervisor: 'supervisor.js', worker: 'worker.js', search: 'search-server.js' } as const;
