import { identityKey } from '../core/process/descent.ts';
import { markedEnvironment, marksFor } from '../core/tree/marks.ts';
import type { StoredIdentity, TreeState } from '../core/tree/manifest.ts';
import { terminateTree } from '../operations/terminate/terminate-tree.ts';
import {
  isWorkerMessage,
  type SupervisorMessage,
  type WorkerParts,
  type WorkerReady,
} from '../operations/tree/tree-messages.ts';
import { whyUnwritten } from '../operations/tree/unwritten.ts';
import { Backoff } from '../shared/backoff.ts';
import { withTimeout } from '../shared/with-timeout.ts';
import type { SupervisorDeps } from './deps.ts';
import { cleanGeneration, settleRecords } from './generation-cleanup.ts';
import { HealthMonitor } from './health-monitor.ts';
import type { SearchStatus, SupervisorStatus } from './supervisor-status.ts';
import { WorkerProcess, type WorkerEnd } from './worker-process.ts';
import { messageOf } from '../shared/errors.ts';

/** All in milliseconds. */
export interface SupervisorTiming {
  readonly firstRestartMs: number;
  readonly longestRestartMs: number;
  /** After so long in health a crash counts as the first again. */
  readonly healthyAfterMs: number;
  /** From spawn to `ready`; a memory that has to be migrated takes its time. */
  readonly readyWithinMs: number;
  /** Between the request to end and SIGKILL for a worker that hangs. */
  readonly hungWorkerGraceMs: number;
}

const TIMING: SupervisorTiming = {
  firstRestartMs: 100,
  longestRestartMs: 15_000,
  healthyAfterMs: 30_000,
  readyWithinMs: 60_000,
  hungWorkerGraceMs: 2_000,
};

const MAX_FAILED_STARTS = 10;

/** What is kept back of a shutdown's deadline for ending what the worker left, in milliseconds; of a short one its quarter. */
const SWEEP_RESERVE_MS = 500;

/** Keeps one worker running: spawns, records, watches, restarts with backoff, and ends the tree with nothing left. */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #timing: SupervisorTiming;
  readonly #backoff: Backoff;
  #state: TreeState = 'starting';
  #worker: WorkerProcess | undefined;
  /** Why the current worker said it cannot run, or is being ended. */
  #reason: string | undefined;
  /** The current worker is to be replaced for a reason that is no crash. */
  #isReplacing = false;
  /** Between the end of one worker and the spawn of the next. */
  #isBetween = false;
  /** Whether any worker of this tree got ready. */
  #hasRun = false;
  #isReady = false;
  #port: number | null = null;
  #restarts = 0;
  #search: SearchStatus = { mode: 'keyword', reason: 'the worker is starting' };
  #parts: WorkerParts | null = null;
  #problem: string | null = null;
  #monitor: HealthMonitor | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #readyTimer: NodeJS.Timeout | undefined;
  #healthyTimer: NodeJS.Timeout | undefined;
  #stopping: Promise<boolean> | undefined;
  readonly #forced = new AbortController();
  readonly #whenForced = new Promise<false>((resolve) => {
    this.#forced.signal.addEventListener('abort', () => {
      resolve(false);
    });
  });
  readonly #stopped = new Set<() => void>();
  readonly #waiting = new Set<() => void>();

  constructor(deps: SupervisorDeps, timing: Partial<SupervisorTiming> = {}) {
    this.#deps = deps;
    this.#timing = { ...TIMING, ...timing };
    this.#backoff = new Backoff({
      firstMs: this.#timing.firstRestartMs,
      longestMs: this.#timing.longestRestartMs,
    });
  }

  status(): SupervisorStatus {
    return {
      treeId: this.#deps.treeId,
      version: this.#deps.version,
      state: this.#state,
      startedAt: this.#deps.own.startedAt,
      port: this.#port,
      restarts: this.#restarts,
      search: this.#search,
      problem: this.#problem,
      healthy: this.#state === 'running' && (this.#monitor?.isHealthy ?? false),
    };
  }

  /** Resolves when the state changes, or when it is not `starting`; after `limitMs` milliseconds at the latest. */
  async settled(limitMs: number): Promise<void> {
    if (this.#state !== 'starting') return;
    let wake = (): void => undefined;
    const changed = new Promise<void>((resolve) => this.#waiting.add((wake = resolve)));
    await withTimeout(limitMs, changed);
    this.#waiting.delete(wake);
  }

  /** What the worker that runs said last of its parts; null before that. */
  get parts(): WorkerParts | null {
    return this.#parts;
  }

  /** Where there is no worker, there is nobody to tell. */
  tellWorker(message: SupervisorMessage): void {
    this.#worker?.send(message);
  }

  /** Spawns the worker, unless there is one or the tree is to end. */
  startWorker(): void {
    if (this.#stopping !== undefined || this.#worker !== undefined) return;
    if (this.#deps.isStopIntended()) {
      this.#deps.log.warn('this tree was stopped; not spawning');
      void this.stop(this.#timing.hungWorkerGraceMs);
      return;
    }
    try {
      this.#spawn();
    } catch (error) {
      this.#restartLater(messageOf(error));
    }
  }

  /**
   * Ends the tree under one deadline, and proves that nothing of it is left. Calls after the first join it.
   * @returns whether nothing is left. Never rejects.
   */
  stop(graceMs: number): Promise<boolean> {
    this.#stopping ??= this.#shutDown(graceMs)
      .catch((error: unknown) => {
        this.#deps.log.error('the shutdown failed', { reason: messageOf(error) });
        return false;
      })
      .finally(() => {
        for (const listener of this.#stopped) listener();
      });
    return this.#stopping;
  }

  /** Ends the grace period of a stop that is under way. */
  force(): void {
    this.#forced.abort();
  }

  /** Called once the tree has ended, whoever asked for it. */
  onStopped(listener: () => void): void {
    this.#stopped.add(listener);
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Whether Node spawned this child and waits for it. */
  hasSpawned(pid: number): boolean {
    return this.#worker?.identity.pid === pid;
  }

  /** Replaces the worker for a reason that is no crash, such as a file that changed; also one that was given up. */
  async replaceWorker(reason: string): Promise<void> {
    this.#deps.log.info('restarting the worker', { reason });
    this.#backoff.reset();
    if (this.#worker !== undefined) {
      this.#isReplacing = true;
      await this.#endWorker(this.#timing.hungWorkerGraceMs);
    } else if (!this.#isBetween) {
      clearTimeout(this.#restartTimer);
      this.#setState('starting');
      this.startWorker();
    }
  }

  #spawn(): void {
    const deps = this.#deps;
    const marks = marksFor({ treeId: deps.treeId, role: 'worker', dataDir: deps.dataDir, owner: deps.own });
    const worker = WorkerProcess.spawn(
      { script: deps.workerScript, env: markedEnvironment(deps.env, marks), cwd: deps.home, crashLog: deps.crashLog },
      deps.identify,
    );
    this.#worker = worker;
    this.#reason = undefined;
    worker.onMessage((message) => {
      this.#receive(worker, message);
    });
    void worker.ended.then((end) => this.#workerEnded(worker, end));
    this.#isReady = false;
    this.#readyTimer = setTimeout(() => {
      // If this process itself was frozen, the message waits in the channel, and is read before an immediate runs.
      setImmediate(() => {
        if (worker !== this.#worker || this.#isReady) return;
        void this.#replaceHung(`the worker was not ready within ${this.#timing.readyWithinMs / 1000} s`);
      });
    }, this.#timing.readyWithinMs);
    deps.log.info('worker spawned', { worker: worker.identity.pid, restarts: this.#restarts });
    this.#registerWorker(worker);
  }

  /** One that cannot be recorded is ended again: it is known by its marks until then. */
  #registerWorker(worker: WorkerProcess): void {
    try {
      this.#deps.manifest.register({
        role: 'worker',
        identity: worker.identity,
        owner: this.#ownStored(),
        pgid: worker.identity.pid,
        command: worker.command,
        registeredAt: this.#now(),
      });
    } catch (error) {
      const problem = `the worker could not be recorded: ${messageOf(error)}`;
      this.#deps.log.error(problem);
      // One that never ran will not run better the next time: whoever waits for it is told, and ends it.
      if (!this.#hasRun) this.#giveUp(problem);
      void this.#replaceHung(problem);
    }
  }

  #receive(worker: WorkerProcess, message: unknown): void {
    // Node's own messages, or a later version's.
    if (!isWorkerMessage(message)) return;
    // What a worker records is true also when it is just ending.
    if (message.type === 'register') {
      this.#record(worker, message.id, () => {
        this.#deps.manifest.register({ ...message.registration, registeredAt: this.#now() });
      });
    } else if (message.type === 'ended') {
      this.#record(worker, message.id, () => {
        this.#deps.manifest.endEntry(message.identity, this.#now());
      });
    } else if (worker !== this.#worker) return;
    else if (message.type === 'ready') this.#ready(message);
    else if (message.type === 'search-mode') this.#search = { mode: message.mode, reason: message.reason };
    else if (message.type === 'parts') this.#parts = message;
    else if (message.type === 'progress') this.#monitor?.noteProgress();
    else {
      this.#reason = message.message;
      this.#deps.log.error('the worker cannot run', { reason: message.message });
    }
  }

  /** The worker waits for the answer, so a record that cannot be written is its problem to act on. */
  #record(worker: WorkerProcess, id: number, write: () => void): void {
    try {
      write();
      worker.send({ type: 'recorded', id });
    } catch (error) {
      const reason = messageOf(error);
      this.#deps.log.error('a process could not be recorded', { reason });
      worker.send({ type: 'recorded', id, error: reason });
    }
  }

  #ready({ port, socket }: Pick<WorkerReady, 'port' | 'socket'>): void {
    clearTimeout(this.#readyTimer);
    this.#isReady = true;
    // One that is being ended got ready too late.
    if (this.#stopping !== undefined || this.#state === 'failed') return;
    this.#hasRun = true;
    this.#port = port;
    this.#problem = null;
    this.#setState('running');
    this.#monitor?.stop();
    this.#monitor = new HealthMonitor(socket, {
      log: this.#deps.log,
      onHung: () => void this.#replaceHung('the worker did not answer'),
    });
    clearTimeout(this.#healthyTimer);
    this.#healthyTimer = setTimeout(() => {
      this.#backoff.reset();
    }, this.#timing.healthyAfterMs);
    this.#deps.log.info('ready', { port });
  }

  async #replaceHung(reason: string): Promise<void> {
    this.#reason ??= reason;
    const worker = this.#worker;
    await this.#endWorker(this.#timing.hungWorkerGraceMs);
    if (worker === undefined || worker !== this.#worker || this.#stopping !== undefined) return;
    // Its end is only on its way, or it could not be hit; nobody else watches it any more.
    clearTimeout(this.#readyTimer);
    this.#readyTimer = setTimeout(() => void this.#replaceHung(reason), this.#timing.readyWithinMs);
  }

  async #workerEnded(worker: WorkerProcess, end: WorkerEnd): Promise<void> {
    if (worker !== this.#worker) return;
    const wasReplaced = this.#isReplacing;
    this.#worker = undefined;
    this.#parts = null;
    this.#isReplacing = false;
    this.#monitor?.stop();
    clearTimeout(this.#readyTimer);
    clearTimeout(this.#healthyTimer);
    if (this.#stopping !== undefined) return;
    const how = end.signal === null ? `with exit code ${end.code ?? '?'}` : `by ${end.signal}`;
    const problem = this.#reason ?? `the worker ended ${how}`;
    this.#deps.log.warn('the worker ended', { how, problem });
    this.#search = { mode: 'keyword', reason: 'the worker is restarting' };
    // What that generation left goes before the next one comes: two owners of the vectors would not see each other's writes.
    this.#isBetween = true;
    await this.cleanUp();
    this.#isBetween = false;
    if (wasReplaced) {
      this.#setState('starting');
      this.startWorker();
    } else this.#restartLater(problem);
  }

  /** Ends proven orphans of this tree, and notes in its manifest what is gone. */
  async cleanUp(): Promise<void> {
    try {
      settleRecords(this.#deps, await cleanGeneration(this.#deps));
    } catch (error) {
      this.#deps.log.error('leftovers of the worker could not be looked for', { reason: messageOf(error) });
    }
  }

  #restartLater(problem: string): void {
    if (this.#stopping !== undefined) return;
    this.#problem = problem;
    if (this.#state === 'failed') return;
    if (this.#backoff.attempts >= MAX_FAILED_STARTS) {
      this.#giveUp(problem);
      return;
    }
    if (this.#state === 'running') this.#setState('starting');
    this.#restarts += 1;
    const delayMs = this.#backoff.next();
    this.#deps.log.info('starting the worker again', { delayMs, problem });
    this.#restartTimer = setTimeout(() => {
      this.startWorker();
    }, delayMs);
  }

  /** It stays, so that `status` can say why; nothing is spawned any more, unless the worker is to be replaced. */
  #giveUp(problem: string): void {
    this.#problem = problem;
    this.#setState('failed');
    this.#search = { mode: 'keyword', reason: 'the worker does not run' };
    this.#deps.log.error('giving up', { after: this.#backoff.attempts, problem });
  }

  /** Asks the worker over its channel, then ends it by force. */
  async #endWorker(graceMs: number): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    worker.send({ type: 'shutdown', deadlineMs: graceMs });
    const hasEnded = await withTimeout(graceMs, Promise.race([worker.ended.then(() => true), this.#whenForced]));
    if (hasEnded === true) return;
    const row = this.#deps.identify(worker.identity.pid);
    // What bears its pid now is compared with what was spawned, and not only with itself.
    if (row === undefined || identityKey(row) !== identityKey(worker.identity)) return;
    const bound = this.#deps.signaller.bind(row, { compareCommand: false });
    if (typeof bound === 'string') return;
    bound.signal('SIGKILL');
    bound.close();
  }

  async #shutDown(graceMs: number): Promise<boolean> {
    const { clock, log } = this.#deps;
    const deadline = clock.now() + graceMs;
    log.info('stopping', { graceMs });
    for (const timer of [this.#restartTimer, this.#readyTimer, this.#healthyTimer]) clearTimeout(timer);
    this.#monitor?.stop();
    this.#setState('stopping');
    await this.#endWorker(graceMs - Math.min(SWEEP_RESERVE_MS, graceMs / 4));
    const isForced = this.#forced.signal.aborted;
    const result = await terminateTree(this.#deps, this.#deps.treeId, {
      graceMs: isForced ? 0 : Math.max(0, deadline - clock.now()),
      ...(isForced ? {} : { forced: this.#forced.signal }),
    });
    for (const row of result.left)
      log.warn('bears our mark and is none of our programs; left', { left: row.pid, name: row.name });
    for (const { row } of result.remaining) log.error('could not be ended', { left: row.pid, name: row.name });
    const isClean = result.remaining.length === 0 && result.isComplete;
    // Everything has ended by now; whoever reads the manifest next sees that as well.
    const unwritten = isClean
      ? whyUnwritten(() => {
          this.#deps.manifest.retire(this.#now());
        })
      : undefined;
    if (unwritten !== undefined) log.error('the end could not be recorded', { reason: unwritten });
    log.info('stopped', { isClean });
    return isClean;
  }

  #setState(state: TreeState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    try {
      this.#deps.manifest.setState(state);
    } catch (error) {
      // The state is for people; what runs is recorded in the entries.
      this.#deps.log.error('the state could not be recorded', { state, reason: messageOf(error) });
    }
  }

  #ownStored(): StoredIdentity {
    const { pid, startTicks, startedAt } = this.#deps.own;
    return { pid, startedAt, ...(startTicks === undefined ? {} : { startTicks }) };
  }

  #now(): string {
    return this.#deps.clock.date().toISOString();
  }
}
