import { identityKey, sightAgain, type Sightings, type StartedProcess } from '../../core/process/descent.ts';
import { isChromaProgram, isChromaWrapper } from '../../core/process/role-program.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import type { Signal } from '../ports/process.ts';
import type { StopResult } from '../tree/stop-trees.ts';
import type { LifecyclePorts, TreeStatus } from '../tree/tree-lifecycle.ts';

/** What `start`, `stop` and `restart --json` print, as far as the scenarios use it. */
export interface LifecycleAnswer {
  readonly ok: boolean;
  readonly treeId: string | null;
  readonly alreadyRunning: boolean;
  readonly error: { readonly message: string } | null;
}

export interface StagePorts extends LifecyclePorts {
  /** Resolved, and made for this run alone. */
  readonly dataDir: string;
  /** Runs the built program on that data dir; undefined if it printed no document. */
  readonly runCli: (args: readonly string[]) => Promise<LifecycleAnswer | undefined>;
  /** Ends the trees of that data dir from within this process, under its lock. */
  readonly stopNow: (graceMs: number) => Promise<StopResult>;
  /** Asks the worker; the HTTP status. */
  readonly ask: (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<number>;
  readonly interrupted: AbortSignal;
}

/** Who can be looked for and hit. */
export type Part = 'supervisor' | 'worker' | 'search' | 'wrapper' | 'python';

/** Something in a scenario did not go as it should. */
export class ScenarioFailure extends Error {}

/** All in milliseconds. */
const POLL_MS = 10;
const PATIENCE_MS = 30_000;
const CHROMA_WITHIN_MS = 60_000;
/** Without a wrapper for so long none is being started. */
const CHROMA_SIGN_WITHIN_MS = 5_000;

/** A data dir of its own on which a tree is started, hit and stopped, with a count of everything that ever belonged to it. */
export class Stage {
  readonly #ports: StagePorts;
  #seen: Sightings = { started: new Map(), before: new Set(), elsewhere: new Set(), outside: new Set() };
  #most = 0;
  #isComplete = true;
  #hasChroma: boolean;
  #hasSeenChroma = false;
  #whyNoChroma: string | null;

  /** @param whyNoChroma why Chroma cannot be had; null if it should be there. */
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

  /** Whether every look so far saw everything. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The most that was counted since the last call. */
  takeMost(): number {
    const most = this.#most;
    this.#most = 0;
    return most;
  }

  /**
   * What lives of it: by the mark of a tree on this data dir, and by descent from what bore one, which no cleared environment and no
   * change of parent undoes.
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

  /** Beside supervisor and worker. */
  async count(): Promise<number> {
    return counted(await this.members()).length;
  }

  async find(part: Part): Promise<ProcessRow | undefined> {
    return (await this.members()).map(({ row }) => row).find((row) => partOf(row) === part);
  }

  async start(): Promise<LifecycleAnswer> {
    const answer = await this.run('start', '--timeout', '60s');
    if (answer.alreadyRunning) throw new ScenarioFailure('start found a tree that runs already');
    return answer;
  }

  async stop(...args: readonly string[]): Promise<void> {
    await this.run('stop', ...args);
  }

  /** @throws ScenarioFailure if the command says that it failed. */
  async run(...args: readonly string[]): Promise<LifecycleAnswer> {
    this.#throwIfInterrupted();
    const answer = await this.#ports.runCli(args);
    this.#throwIfInterrupted();
    if (answer?.ok === true) return answer;
    throw new ScenarioFailure(`${args[0] ?? ''} failed: ${answer?.error?.message ?? 'it gave no answer'}`);
  }

  /** A session with one observation and one search: what wakes Chroma. Waits for it, where there is one. */
  async session(): Promise<void> {
    const created = await this.#ports.ask('POST', '/api/sessions', { project: 'verify', prompt: 'process cleanup' });
    if (created !== 201) throw new ScenarioFailure(`the worker refused a session (HTTP ${created})`);
    await this.#search();
    if (!this.#hasChroma) return;
    await this.#untilChroma();
  }

  /** One that was there once has to come again; one that never comes is not to be had, and the supervisor says why. */
  async #untilChroma(): Promise<void> {
    const { clock } = this.#ports;
    let lastSign = clock.now();
    await this.until(
      'Chroma is there',
      async () => {
        const [wrapper, python] = [await this.find('wrapper'), await this.find('python')];
        if (wrapper !== undefined && python !== undefined) return (this.#hasSeenChroma = true);
        if (wrapper !== undefined) lastSign = clock.now();
        // One that has just died comes again with the next need, and not before a pause.
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

  /** Hits one part with SIGKILL and sees it gone. */
  async crash(part: Part): Promise<ProcessRow> {
    const row = await this.hit(part, 'SIGKILL');
    await this.untilGone([row]);
    return row;
  }

  /** Stops one part in its tracks, and sees it stand. */
  async freeze(part: Part): Promise<void> {
    const { pid } = await this.hit(part, 'SIGSTOP');
    await this.until(`the ${part} stands still`, async () =>
      (await this.members()).some(({ row }) => row.pid === pid && row.state?.toUpperCase() === 'T'),
    );
  }

  async hit(part: Part, signal: Signal): Promise<ProcessRow> {
    const row = await this.find(part);
    if (row === undefined) throw new ScenarioFailure(`there is no ${part} to hit`);
    const bound = this.#ports.signaller.bind(row, { compareCommand: false });
    const result = typeof bound === 'string' ? bound : bound.signal(signal);
    if (typeof bound !== 'string') bound.close();
    if (result === 'sent') return row;
    throw new ScenarioFailure(`the ${part} (pid ${row.pid}) could not be sent ${signal}: ${result}`);
  }

  async untilGone(rows: readonly ProcessRow[], withinMs?: number): Promise<void> {
    const keys = new Set(rows.map(identityKey));
    const pids = rows.map(({ pid }) => pid).join(', ');
    const isGone = async () => !(await this.members()).some(({ row }) => keys.has(identityKey(row)));
    await this.until(`pid ${pids} is gone`, isGone, withinMs);
  }

  /** @throws ScenarioFailure once the time is up. */
  async until(what: string, isSo: () => Promise<boolean>, withinMs = PATIENCE_MS): Promise<void> {
    const { clock } = this.#ports;
    const deadline = clock.now() + withinMs;
    while (!(await isSo())) {
      this.#throwIfInterrupted();
      if (clock.now() >= deadline) throw new ScenarioFailure(`not within ${withinMs / 1000} s: ${what}`);
      await clock.sleep(POLL_MS);
    }
  }

  #throwIfInterrupted(): void {
    if (this.#ports.interrupted.aborted) throw new ClaudeMemError('interrupted', 'interrupted');
  }
}

/** What people count: everything but the two that a tree always has. */
export function counted(alive: readonly StartedProcess[]): readonly StartedProcess[] {
  return alive.filter(({ row }) => !['supervisor', 'worker'].includes(partOf(row) ?? ''));
}

function partOf(row: ProcessRow): Part | undefined {
  const { roleMark } = row;
  if (roleMark === 'chroma-sync' && isChromaProgram(row)) return isChromaWrapper(row) ? 'wrapper' : 'python';
  if (roleMark !== 'supervisor' && roleMark !== 'worker' && roleMark !== 'search') return undefined;
  // What one of them starts inherits its mark until it gets one of its own.
  return row.argv?.some((argument) => argument.endsWith(SCRIPTS[roleMark])) === true ? roleMark : undefined;
}

const SCRIPTS = { supervisor: 'supervisor.js', worker: 'worker.js', search: 'search-server.js' } as const;
