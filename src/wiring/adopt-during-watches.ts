import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { OrphanAdoption } from '../platform/index.ts';
import { SPAWNS } from './spawn-sites.ts';
import { runningWatches } from './running-watches.ts';

/** Time for which an adopted process may stay a zombie. In milliseconds. */
const LOOK_EVERY_MS = 100;
/** Tests replace the global functions by those of a simulated clock. */
const [every, cancel] = [setInterval, clearInterval];

/**
 * Makes this process adopt orphans while watches run, and waits for those that end, so that no zombie stays. Continues after the last watch
 * until no adopted process is left.
 */
export class Adopter {
  readonly #adoption: OrphanAdoption;
  #timer: NodeJS.Timeout | undefined;
  /** Children from before the adoption. */
  #before: ReadonlySet<number> = new Set();
  /** Children that Node.js spawned since then and waits for. */
  readonly #spawned = new Set<ChildProcess>();
  #zombies: ReadonlySet<number> = new Set();

  constructor(adoption: OrphanAdoption) {
    this.#adoption = adoption;
  }

  /** Call it before the first process of the watch starts. @returns whether this process adopts orphans now. */
  begin(): boolean {
    if (this.#timer === undefined) {
      this.#before = new Set(this.#adoption.listMainChildren());
      subscribe(SPAWNS, this.#record);
      this.#timer = every(() => {
        this.#look();
      }, LOOK_EVERY_MS).unref();
    }
    return this.#adoption.become();
  }

  /** Call it when a watch has ended and `runningWatches` no longer has it. */
  end(): void {
    if (runningWatches().length > 0) return;
    this.#adoption.resign();
    this.#look();
  }

  /**
   * Waits for a zombie that two looks in a row have seen. Node.js, and an addon that forks, wait sooner for their own children. Those of a
   * worker thread whose event loop is blocked are not in the list.
   */
  #look(): void {
    const children = this.#adoption.listMainChildren() ?? [];
    this.#before = new Set(children.filter((pid) => this.#before.has(pid)));
    const spawned = this.#spawnedPids();
    const adopted = children.filter((pid) => !this.#before.has(pid) && !spawned.has(pid));
    const zombies = adopted.filter((pid) => this.#adoption.hasEnded(pid));
    for (const pid of zombies) if (this.#zombies.has(pid)) this.#adoption.waitFor(pid);
    this.#zombies = new Set(zombies);
    if (adopted.length === 0 && runningWatches().length === 0) this.#stop();
  }

  #spawnedPids(): ReadonlySet<number> {
    const pids = new Set<number>();
    for (const child of this.#spawned) {
      if (child.exitCode !== null || child.signalCode !== null) this.#spawned.delete(child);
      else if (child.pid !== undefined) pids.add(child.pid);
    }
    return pids;
  }

  #stop(): void {
    cancel(this.#timer);
    this.#timer = undefined;
    unsubscribe(SPAWNS, this.#record);
    this.#spawned.clear();
  }

  readonly #record = (message: unknown): void => {
    this.#spawned.add((message as { readonly process: ChildProcess }).process);
  };
}
