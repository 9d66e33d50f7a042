import { setTimeout as sleep } from 'node:timers/promises';
import { reusePid, startBystander, type Bystander } from './bystanders.ts';
import { checkCommand, checkLedger, doubleTrees, isSame, leftOf, list } from './checks.ts';
import { damage, isDamagedManifest, repair, type Damage } from './damage.ts';
import { describeAction } from './describe.ts';
import type { Acknowledged, CommandFacts, Truth } from './facts.ts';
import { Ledger, tokenOf, waitingIn } from './ledger.ts';
import type { Action, CommandName, CommandStrike, RoundPlan, Target } from './plan.ts';
import { isAlive, isCommand, programOf, signal, type Row } from './table.ts';
import type { Scene } from './scene.ts';
import { hookInput, storeRecords } from './work.ts';

export interface RoundResult {
  readonly violations: readonly string[];
  /** The events in order, with the output of every command. */
  readonly log: readonly string[];
}

/** How long a loaded machine may take to finish an action, in milliseconds. */
const SETTLE_MS = 5_000;
/** A row that still exists after this many milliseconds was not exiting. */
const LINGER_MS = 600;
const SAMPLE_EVERY_MS = 120;
const BACKGROUND_MS = 60_000;
const DRAIN_MS = 20_000;

const ARGUMENTS: Readonly<Record<CommandName, readonly string[]>> = {
  start: ['start', '--json'],
  stop: ['stop', '--json', '--grace', '2s'],
  restart: ['restart', '--json', '--grace', '2s'],
  reap: ['reap', '--yes', '--json', '--grace', '2s'],
  status: ['status', '--json'],
  leaks: ['leaks', '--json'],
  doctor: ['doctor', '--json', 'orphans', 'excess', 'supervisor', 'manifests'],
};

/** Plays a round and checks it. The caller removes the scene. */
export async function playRound(plan: RoundPlan, scene: Scene): Promise<RoundResult> {
  const player = new Player(plan, scene);
  try {
    await player.play();
  } catch (error) {
    player.violate(`the runner failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  return player.result();
}

interface Happening {
  readonly from: number;
  to: number;
}

class Player {
  readonly #plan: RoundPlan;
  readonly #scene: Scene;
  readonly #startedAt = performance.now();
  readonly #violations: string[] = [];
  readonly #log: string[] = [];
  readonly #bystanders: Bystander[] = [];
  readonly #damages: Damage[] = [];
  readonly #acknowledged: Acknowledged[] = [];
  readonly #struck: Row[] = [];
  /** Events that may change what a command sees. */
  readonly #happenings: Happening[] = [];
  #count = 0;

  constructor(plan: RoundPlan, scene: Scene) {
    this.#plan = plan;
    this.#scene = scene;
  }

  result(): RoundResult {
    return { violations: [...new Set(this.#violations)], log: this.#log };
  }

  violate(what: string): void {
    this.#violations.push(what);
    this.#say(`VIOLATION ${what}`);
  }

  async play(): Promise<void> {
    const sampler = setInterval(() => {
      this.#lookForDoubles();
    }, SAMPLE_EVERY_MS);
    try {
      for (const [index, step] of this.#plan.steps.entries()) {
        this.#say(`step ${index + 1}`);
        await Promise.all(step.map((action) => this.#at(action)));
        this.#checkBystanders();
      }
      await this.#finish();
    } finally {
      clearInterval(sampler);
    }
  }

  async #at(action: Action): Promise<void> {
    if (action.atMs > 0) await sleep(action.atMs);
    this.#scene.throwIfOver();
    switch (action.kind) {
      case 'run':
        await this.#run(action.command, action);
        return;
      case 'hook':
        await this.#hook(action);
        return;
      case 'store':
        await this.#store(action.count);
        return;
      case 'bystander':
        this.#bystanders.push(...(await startBystander(this.#scene, action.who, this.#number())));
        this.#say(describeAction(action));
        return;
      case 'strike':
      case 'damage':
      case 'disk':
      case 'reuse':
        await this.#disturb(() => this.#harm(action));
    }
  }

  async #harm(action: Action & { readonly kind: 'strike' | 'damage' | 'disk' | 'reuse' }): Promise<void> {
    switch (action.kind) {
      case 'strike':
        await this.#strike(action);
        return;
      case 'reuse':
        await this.#reuse(action);
        return;
      case 'damage': {
        const claimed = [...this.#bystanders, ...this.#scene.programs()].map(({ pid }) => pid);
        const done = damage(this.#scene, { ...action, claimed });
        if (done !== undefined) this.#damages.push(done);
        this.#say(
          done === undefined ? `nothing to damage: ${describeAction(action)}` : `damaged ${done.path}: ${done.how}`,
        );
        return;
      }
      case 'disk':
        this.#changeDisk(action);
    }
  }

  #changeDisk({ to, leaveKb }: Action & { readonly kind: 'disk' }): void {
    const { disk, dataDir } = this.#scene;
    if (to === 'full') disk.fill(leaveKb);
    else if (to === 'free') disk.free();
    else if (to === 'closed') disk.close(dataDir);
    else disk.open();
    this.#say(`disk ${to}`);
  }

  async #strike({ target, signal: name, thawAfterMs }: Action & { readonly kind: 'strike' }): Promise<void> {
    const row = this.#find(target);
    if (row === undefined) {
      this.#say(`no ${target} to strike`);
      return;
    }
    if (name !== 'SIGSTOP') this.#struck.push(row);
    signal(row, name);
    this.#say(`${name} to ${target} ${row.pid}`);
    if (thawAfterMs === undefined) return;
    await sleep(thawAfterMs);
    signal(row, 'SIGCONT');
    this.#say(`thawed ${target} ${row.pid}`);
  }

  async #reuse({ target, by }: Action & { readonly kind: 'reuse' }): Promise<void> {
    const row = this.#find(target);
    if (row === undefined) return;
    const got = await reusePid(this.#scene, row, { by, number: this.#number() });
    this.#bystanders.push(...got);
    this.#say(
      `killed ${target} ${row.pid}; its pid ${got.length === 0 ? 'went to another process' : `is a ${by} now`}`,
    );
  }

  #find(target: Target): Row | undefined {
    return this.#scene.programs().find((row) => programOf(row) === target);
  }

  async #run(
    name: CommandName,
    how: { readonly strike?: CommandStrike; readonly losesOutput?: boolean } = {},
  ): Promise<CommandFacts> {
    const happening = this.#begin();
    const before = this.#truth();
    const ended = await this.#scene.run(ARGUMENTS[name], how);
    const after = this.#truth();
    happening.to = performance.now();
    const isStruck = how.strike !== undefined;
    const isAlone = !this.#isDisturbed(happening) && ![before, after].some(hasOtherCommands);
    const facts = { name, ...ended, isStruck, losesOutput: how.losesOutput === true, isAlone, before, after };
    this.#sayEnd(name, facts);
    for (const what of await this.#lasting(facts)) this.violate(what);
    return facts;

    function hasOtherCommands({ rows }: Truth): boolean {
      return rows.some((row) => isCommand(row) && row.pid !== ended.pid);
    }
  }

  /** A problem right after a command counts only if it lasts: a process may be exiting or being replaced. */
  async #lasting(facts: CommandFacts): Promise<readonly string[]> {
    const first = checkCommand(facts);
    if (first.length === 0 || !facts.isAlone) return first;
    await sleep(LINGER_MS);
    const now = this.#scene.rows();
    const rows = facts.after.rows.filter((row) => now.some((other) => isSame(row, other)));
    const later = {
      ...facts.after,
      rows: facts.name === 'start' || facts.name === 'restart' ? facts.after.rows : rows,
    };
    // For a live tree the opposite holds: a missing process was missing immediately.
    const unhurt = first.filter((what) => what.includes('of a tree that is whole'));
    return [
      ...checkCommand({ ...facts, after: later }).filter((what) => !what.includes('of a tree that is whole')),
      ...unhurt,
    ];
  }

  async #hook({ event, strike }: Action & { readonly kind: 'hook' }): Promise<void> {
    const happening = event === 'session-start' ? this.#begin() : undefined;
    const token = this.#token('hook');
    const ended = await this.#scene.run(['hook'], { strike, input: hookInput(event, token, this.#scene) });
    if (happening !== undefined) happening.to = performance.now();
    this.#say(
      `hook ${event} ${token}: ${ended.signal ?? `exit code ${ended.code ?? ''}`}${ended.stderr === '' ? '' : ` ${ended.stderr.trim()}`}`,
    );
    if (ended.hasTimedOut) this.violate(`hook ${event} does not end`);
    if (ended.code === 0) this.#acknowledged.push({ kind: event, token });
  }

  async #store(count: number): Promise<void> {
    const tokens = Array.from({ length: count }, () => this.#token('record'));
    const { stored, problem } = await storeRecords(this.#scene, tokens);
    this.#acknowledged.push(...stored);
    this.#say(`stored ${stored.length} of ${count + 1}${problem === undefined ? '' : ` (${problem})`}`);
  }

  async #finish(): Promise<void> {
    const { healsBeforeStop, drains } = this.#plan;
    this.#say('the end');
    await this.#commandsEnd();
    if (healsBeforeStop) this.#heal();
    await this.#run('stop');
    this.#checkNoSupervisor();
    if (!healsBeforeStop) {
      this.#heal();
      await this.#run('stop');
    }
    await this.#reapAll();
    if (drains) await this.#drain();
    await this.#checkLeft();
    this.#checkBystanders();
    this.#checkStored();
  }

  #heal(): void {
    this.#scene.throwIfOver();
    this.#scene.disk.free();
    this.#scene.disk.open();
    for (const done of this.#damages) repair(done);
    this.#damages.length = 0;
    this.#say('put in order');
  }

  /** Includes a `start` that a hook left running. */
  async #commandsEnd(): Promise<void> {
    const rows = () => this.#scene.rows().filter((row) => isCommand(row) && row.bystander === undefined);
    if (!(await this.#eventually(() => rows().length === 0, BACKGROUND_MS)))
      this.violate(`commands that do not end: ${list(rows())}`);
  }

  /** A full disk, a closed folder and damaged files do not keep a supervisor alive; unreadable settings may. */
  #checkNoSupervisor(): void {
    if (this.#damages.some(({ file }) => file === 'config')) return;
    const alive = this.#scene.programs().filter((row) => programOf(row) === 'supervisor');
    if (alive.length > 0) this.violate(`stop left ${list(alive)}`);
  }

  async #reapAll(): Promise<void> {
    let { code, stdout, stderr } = await this.#run('reap');
    // It has set a damaged manifest aside and reports that it could not read it; the next run can.
    if (code === 4) ({ code, stdout, stderr } = await this.#run('reap'));
    if (code !== 0) this.violate(`the last reap ended with ${code ?? 'a signal'}: ${stderr || stdout}`);
    const { code: clean } = await this.#run('leaks');
    if (clean !== 0) this.violate(`leaks after the last reap ended with ${clean ?? 'a signal'}`);
  }

  async #drain(): Promise<void> {
    const { code } = await this.#run('start');
    if (code === 0) {
      const isEmpty = await this.#eventually(() => waitingIn(this.#scene.dataDir) === 0, DRAIN_MS);
      if (!isEmpty)
        this.violate(`${waitingIn(this.#scene.dataDir)} events still wait in the spool of a tree that runs`);
    } else this.violate(`the last start ended with ${code ?? 'a signal'}`);
    await this.#run('stop');
  }

  async #checkLeft(): Promise<void> {
    const rows = () => leftOf(this.#scene.rows());
    if (!(await this.#eventually(() => rows().length === 0, SETTLE_MS))) this.violate(`left: ${list(rows())}`);
  }

  #checkBystanders(): void {
    for (const who of this.#bystanders) {
      if (!isAlive(who)) this.violate(`bystander ${who.kind} (${who.comm} ${who.pid}) is gone`);
    }
  }

  #checkStored(): void {
    const ledger = new Ledger(this.#scene.dataDir);
    try {
      const found = checkLedger(this.#acknowledged, (item) => ledger.find(item), { isDrained: this.#plan.drains });
      for (const what of found) this.violate(what);
      this.#say(`acknowledged ${this.#acknowledged.length}, looked up each`);
    } finally {
      ledger.close();
    }
  }

  #lookForDoubles(): void {
    const rows = doubleTrees(this.#scene.rows());
    // They were read one after the other, so only those still alive existed simultaneously.
    const still = doubleTrees(rows.filter(isAlive));
    if (still.length > 0) this.violate(`two trees at the same time: ${list(still)}`);
  }

  #truth(): Truth {
    return {
      rows: this.#scene.rows(),
      damagedManifests: this.#scene.manifests().filter(isDamagedManifest),
      isConfigDamaged: this.#damages.some(({ file }) => file === 'config'),
      hasFalseRegistry: this.#damages.some(({ file }) => file === 'registry'),
      struck: [...this.#struck],
    };
  }

  async #disturb(act: () => Promise<void>): Promise<void> {
    const happening = this.#begin();
    await act();
    happening.to = performance.now();
  }

  #begin(): Happening {
    const happening = { from: performance.now(), to: Number.POSITIVE_INFINITY };
    this.#happenings.push(happening);
    return happening;
  }

  #isDisturbed(own: Happening): boolean {
    return this.#happenings.some((other) => other !== own && other.from <= own.to && other.to >= own.from);
  }

  async #eventually(isSo: () => boolean, withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (!isSo()) {
      if (performance.now() > deadline) return false;
      await sleep(30);
    }
    return true;
  }

  #number(): number {
    this.#count += 1;
    return this.#count;
  }

  #token(what: string): string {
    return tokenOf(what, this.#plan.number, this.#number());
  }

  #sayEnd(name: string, { code, signal: by, stdout, stderr, isAlone }: CommandFacts): void {
    this.#say(`${name}: ${by ?? `exit code ${code ?? ''}`}${isAlone ? '' : ' (not alone)'}`);
    for (const [stream, text] of Object.entries({ stdout, stderr })) {
      if (text.trim() !== '') this.#log.push(`    ${stream}: ${text.trim().slice(0, 4_000)}`);
    }
  }

  #say(line: string): void {
    this.#log.push(`[${String(Math.round(performance.now() - this.#startedAt)).padStart(6)} ms] ${line}`);
  }
}
