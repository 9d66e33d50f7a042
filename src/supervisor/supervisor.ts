import { markedEnvironment, marksFor } from '../core/tree/marks.ts';
import type { StoredIdentity } from '../core/tree/manifest.ts';
import {
  isWorkerMessage,
  type SupervisorMessage,
  type WorkerParts,
  type WorkerReady,
} from '../operations/tree/tree-messages.ts';
import { messageOf } from '../shared/errors.ts';
import { withTimeout } from '../shared/with-timeout.ts';
import type { SupervisorDeps } from './deps.ts';
import { cleanGeneration, markRecordsGone } from './generation-cleanup.ts';
import { HealthMonitor } from './health-monitor.ts';
import { RestartPolicy, type RestartTiming } from './restart-policy.ts';
import { endWorker, Force, shutDown } from './shut-down.ts';
import { cleaningAfter, leave, runOf, treeStateOf, type SupervisorState, type WorkerRun } from './state.ts';
import type { SearchStatus, SupervisorStatus } from './supervisor-status.ts';
import { WorkerProcess, type WorkerEnd } from './worker-process.ts';

/** All in milliseconds. */
export interface SupervisorTiming extends RestartTiming {
  /** From spawn to `ready`. The migration of a large memory takes a while. */
  readonly readyWithinMs: number;
  /** From the request to exit to SIGKILL, for a worker that hangs. */
  readonly hungWorkerGraceMs: number;
}

const TIMING: SupervisorTiming = {
  firstRestartMs: 100,
  longestRestartMs: 15_000,
  healthyAfterMs: 30_000,
  readyWithinMs: 60_000,
  hungWorkerGraceMs: 2_000,
};

/** Keeps one worker running: spawns, records, watches, restarts with backoff, and ends the tree with nothing left. */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #timing: SupervisorTiming;
  readonly #policy: RestartPolicy;
  #state: SupervisorState = { name: 'waiting' };
  /** Whether a worker of this tree was ever ready. */
  #hasRun = false;
  #port: number | null = null;
  #restarts = 0;
  #problem: string | null = null;
  readonly #force = new Force();
  readonly #stopped = new Set<() => void>();
  readonly #waiting = new Set<() => void>();

  constructor(deps: SupervisorDeps, timing: Partial<SupervisorTiming> = {}) {
    this.#deps = deps;
    this.#timing = { ...TIMING, ...timing };
    this.#policy = new RestartPolicy(this.#timing);
  }

  status(): SupervisorStatus {
    const state = this.#state;
    return {
      treeId: this.#deps.treeId,
      version: this.#deps.version,
      state: treeStateOf(state),
      startedAt: this.#deps.own.startedAt,
      port: this.#port,
      restarts: this.#restarts,
      search: this.#search(),
      problem: this.#problem,
      healthy: state.name === 'running' && state.monitor.isHealthy,
    };
  }

  #search(): SearchStatus {
    const reported = runOf(this.#state)?.search;
    if (reported !== undefined) return reported;
    const treeState = treeStateOf(this.#state);
    if (treeState === 'stopping') return { mode: 'keyword', reason: 'the tree is stopping' };
    if (treeState === 'failed') return { mode: 'keyword', reason: 'the worker does not run' };
    const isFirst = this.#restarts === 0 && !this.#hasRun;
    return { mode: 'keyword', reason: isFirst ? 'the worker is starting' : 'the worker is restarting' };
  }

  /** Resolves when the tree state changes, or is not `starting`; after `limitMs` milliseconds at the latest. */
  async untilStateChanges(limitMs: number): Promise<void> {
    if (treeStateOf(this.#state) !== 'starting') return;
    let wake = (): void => undefined;
    const changed = new Promise<void>((resolve) => this.#waiting.add((wake = resolve)));
    await withTimeout(limitMs, changed);
    this.#waiting.delete(wake);
  }

  /** The last report of the running worker about its parts; null before the first. */
  get parts(): WorkerParts | null {
    return runOf(this.#state)?.parts ?? null;
  }

  /** Does nothing if no worker is running. */
  sendToWorker(message: SupervisorMessage): void {
    runOf(this.#state)?.worker.send(message);
  }

  /** Spawns the worker if the supervisor waits for one, unless the tree was told to stop. */
  startWorker(): void {
    if (this.#state.name !== 'waiting') return;
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
   * Ends the tree under one deadline, and proves that nothing of it is left. Later calls join the first.
   * @returns whether nothing is left. Never rejects.
   */
  stop(graceMs: number): Promise<boolean> {
    if (this.#state.name === 'stopping') return this.#state.done;
    const run = runOf(this.#state);
    let finish: (isClean: boolean) => void = () => undefined;
    const done = new Promise<boolean>((resolve) => (finish = resolve));
    this.#deps.log.info('stopping', { graceMs });
    this.#enter({ name: 'stopping', done, ...(run === undefined ? {} : { run }) });
    void shutDown({ deps: this.#deps, worker: run?.worker, graceMs, force: this.#force })
      .catch((error: unknown) => {
        this.#deps.log.error('the shutdown failed', { reason: messageOf(error) });
        return false;
      })
      .then((isClean) => {
        for (const listener of this.#stopped) listener();
        finish(isClean);
      });
    return done;
  }

  /** Ends the grace period of a stop that is under way. */
  force(): void {
    this.#force.force();
  }

  /** Calls the listener once the tree has ended, for any reason. */
  onStopped(listener: () => void): void {
    this.#stopped.add(listener);
  }

  get isStopping(): boolean {
    return this.#state.name === 'stopping';
  }

  /** Whether Node spawned this child and waits for it. */
  hasSpawned(pid: number): boolean {
    return runOf(this.#state)?.worker.identity.pid === pid;
  }

  /** Replaces the worker for a reason that is no crash, such as a changed file. Also starts one after the supervisor gave up. */
  async replaceWorker(reason: string): Promise<void> {
    this.#deps.log.info('restarting the worker', { reason });
    this.#policy.forget();
    const state = this.#state;
    if (state.name === 'stopping') return;
    if (state.name === 'cleaning') {
      state.isReplaced = true;
      return;
    }
    const run = runOf(state);
    if (run === undefined) {
      this.#enter({ name: 'waiting' });
      this.startWorker();
      return;
    }
    run.isReplaced = true;
    await this.#replace(run);
  }

  #spawn(): void {
    const deps = this.#deps;
    const marks = marksFor({ treeId: deps.treeId, role: 'worker', dataDir: deps.dataDir, owner: deps.own });
    const worker = WorkerProcess.spawn(
      { script: deps.workerScript, env: markedEnvironment(deps.env, marks), cwd: deps.home, crashLog: deps.crashLog },
      deps.identify,
    );
    // The child has just been created and has started nothing yet.
    const isHeld = deps.endWithSelf?.(worker.identity.pid);
    if (isHeld === false) deps.log.warn('the worker could not be put into the job', { worker: worker.identity.pid });
    const run: WorkerRun = { worker, reason: undefined, isReplaced: false, parts: null, search: undefined };
    worker.onMessage((message) => {
      this.#receive(run, message);
    });
    void worker.ended.then((end) => this.#workerEnded(run, end));
    const timer = setTimeout(() => {
      // A message that arrived while this process was frozen waits in the channel. Node reads it before an immediate runs.
      setImmediate(() => {
        if (this.#state.name !== 'spawned' || this.#state.run !== run) return;
        void this.#replaceHung(run, `the worker was not ready within ${this.#timing.readyWithinMs / 1000} s`);
      });
    }, this.#timing.readyWithinMs);
    this.#enter({ name: 'spawned', run, timer });
    deps.log.info('worker spawned', { worker: worker.identity.pid, restarts: this.#restarts });
    this.#registerWorker(run);
  }

  /** Ends a worker that cannot be recorded. Its marks identify it until then. */
  #registerWorker(run: WorkerRun): void {
    try {
      this.#deps.manifest.register({
        role: 'worker',
        identity: run.worker.identity,
        owner: this.#ownStored(),
        pgid: run.worker.identity.pid,
        command: run.worker.command,
        registeredAt: this.#now(),
      });
    } catch (error) {
      const problem = `the worker could not be recorded: ${messageOf(error)}`;
      this.#deps.log.error(problem);
      // A first start that fails like this fails again: `start` reports the problem and ends the tree.
      if (!this.#hasRun) this.#giveUp(problem, run);
      void this.#replaceHung(run, problem);
    }
  }

  #receive(run: WorkerRun, message: unknown): void {
    // Messages of Node itself, or of a later version.
    if (!isWorkerMessage(message)) return;
    // A worker's records are true even while the worker ends.
    if (message.type === 'register') {
      this.#record(run, message.id, () => {
        this.#deps.manifest.register({ ...message.registration, registeredAt: this.#now() });
      });
    } else if (message.type === 'ended') {
      this.#record(run, message.id, () => {
        this.#deps.manifest.endEntry(message.identity, this.#now());
      });
    } else if (run !== runOf(this.#state)) return;
    else if (message.type === 'ready') this.#ready(run, message);
    else if (message.type === 'search-mode') run.search = { mode: message.mode, reason: message.reason };
    else if (message.type === 'parts') run.parts = message;
    else if (message.type === 'progress') {
      if (this.#state.name === 'running') this.#state.monitor.noteProgress();
    } else {
      run.reason = message.message;
      this.#deps.log.error('the worker cannot run', { reason: message.message });
    }
  }

  /** The worker waits for the answer and decides what an unwritten record means. */
  #record({ worker }: WorkerRun, id: number, write: () => void): void {
    try {
      write();
      worker.send({ type: 'recorded', id });
    } catch (error) {
      const reason = messageOf(error);
      this.#deps.log.error('a process could not be recorded', { reason });
      worker.send({ type: 'recorded', id, error: reason });
    }
  }

  #ready(run: WorkerRun, { port, socket }: Pick<WorkerReady, 'port' | 'socket'>): void {
    // A worker that is being ended was ready too late.
    if (this.#state.name !== 'spawned') return;
    this.#hasRun = true;
    this.#port = port;
    this.#problem = null;
    const monitor = new HealthMonitor(socket, {
      log: this.#deps.log,
      onHung: () => void this.#replaceHung(run, 'the worker did not answer'),
    });
    const timer = setTimeout(() => {
      this.#policy.forget();
    }, this.#policy.healthyAfterMs);
    this.#enter({ name: 'running', run, monitor, timer });
    this.#deps.log.info('ready', { port });
  }

  async #replaceHung(run: WorkerRun, reason: string): Promise<void> {
    if (run !== runOf(this.#state) || this.isStopping) return;
    run.reason ??= reason;
    await this.#replace(run);
  }

  async #replace(run: WorkerRun): Promise<void> {
    this.#enterReplacing(run);
    await this.#endWorker(run);
    // The worker's exit may still be on its way, or the worker could not be ended. Nothing else watches it any more.
    if (run === runOf(this.#state)) this.#enterReplacing(run, () => void this.#replace(run));
  }

  /** A supervisor that gave up remains in that state while its worker is being ended. */
  #enterReplacing(run: WorkerRun, again?: () => void): void {
    const state = this.#state;
    if (state.name === 'stopping') return;
    const timer = again === undefined ? {} : { timer: setTimeout(again, this.#timing.readyWithinMs) };
    const treeState = treeStateOf(state);
    if (treeState === 'failed' || treeState === 'stopping') this.#enter({ name: 'failed', run, ...timer });
    else this.#enter({ name: 'replacing', run, treeState, ...timer });
  }

  async #workerEnded(run: WorkerRun, end: WorkerEnd): Promise<void> {
    const before = this.#state;
    if (run !== runOf(before)) return;
    if (before.name === 'stopping') {
      this.#state = { name: 'stopping', done: before.done };
      return;
    }
    const how = end.signal === null ? `with exit code ${end.code ?? '?'}` : `by ${end.signal}`;
    const problem = run.reason ?? `the worker ended ${how}`;
    this.#deps.log.warn('the worker ended', { how, problem });
    // Leftovers of this generation go before the next one comes: two owners of the vectors do not see each other's writes.
    const cleaning = cleaningAfter(before, run);
    this.#enter(cleaning);
    await this.cleanUp();
    if (this.#state !== cleaning) return;
    if (cleaning.isReplaced) {
      this.#enter({ name: 'waiting' });
      this.startWorker();
    } else this.#restartLater(problem);
  }

  /** Ends proven orphans of this tree, and records in its manifest which processes are gone. */
  async cleanUp(): Promise<void> {
    try {
      markRecordsGone(this.#deps, await cleanGeneration(this.#deps));
    } catch (error) {
      this.#deps.log.error('leftovers of the worker could not be looked for', { reason: messageOf(error) });
    }
  }

  #restartLater(problem: string): void {
    this.#problem = problem;
    if (treeStateOf(this.#state) === 'failed') {
      this.#enter({ name: 'failed' });
      return;
    }
    const delayMs = this.#policy.nextDelayMs();
    if (delayMs === undefined) {
      this.#giveUp(problem);
      return;
    }
    this.#restarts += 1;
    this.#deps.log.info('starting the worker again', { delayMs, problem });
    const timer = setTimeout(() => {
      this.startWorker();
    }, delayMs);
    this.#enter({ name: 'waiting', timer });
  }

  /** The supervisor stays, so that `status` can show the problem. Only `replaceWorker` spawns a worker again. */
  #giveUp(problem: string, run?: WorkerRun): void {
    this.#problem = problem;
    this.#enter({ name: 'failed', ...(run === undefined ? {} : { run }) });
    this.#deps.log.error('giving up', { after: this.#policy.failures, problem });
  }

  #endWorker({ worker }: WorkerRun): Promise<void> {
    return endWorker(worker, { graceMs: this.#timing.hungWorkerGraceMs, force: this.#force, deps: this.#deps });
  }

  /** The only code that changes the state. */
  #enter(next: SupervisorState): void {
    const before = this.#state;
    if (before.name === 'stopping') {
      leave(next);
      return;
    }
    leave(before);
    this.#state = next;
    const treeState = treeStateOf(next);
    if (treeState === treeStateOf(before)) return;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    try {
      this.#deps.manifest.setState(treeState);
    } catch (error) {
      // The state is for people. The entries record the processes.
      this.#deps.log.error('the state could not be recorded', { state: treeState, reason: messageOf(error) });
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
