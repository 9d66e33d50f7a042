import type { Manifest } from '../../src/core/tree/manifest.ts';
import type { OtherRegistry, ProcessRow, ProcessSnapshot } from '../../src/core/process/snapshot.ts';
import { judgeReading, type Observation } from '../../src/operations/observe/observe.ts';
import type {
  BindRefusal,
  BoundProcess,
  Clock,
  Signal,
  Signaller,
  SignalResult,
} from '../../src/operations/ports/process.ts';
import type { DamagedManifest } from '../../src/operations/ports/process.ts';
import { DATA_DIR, machine, snapshotOf } from '../core/builders.ts';

type Refusal = Exclude<SignalResult, 'sent'>;

/** The behavior of a process when it is bound or signaled. Without an entry it obeys immediately. */
export interface Behaviour {
  /** The result of binding it. */
  readonly bind?: BindRefusal;
  /** The result of a signal, which is then not delivered. */
  readonly refuse?: Partial<Record<Signal, Refusal>>;
  /** Milliseconds from SIGTERM to its end; Infinity: it ignores it. */
  readonly endsAfterMs?: number;
  readonly survivesKill?: boolean;
  /** Others that end with it. */
  readonly takesAlong?: readonly number[];
  /** Happens when it ends. */
  readonly onEnd?: () => void;
}

/** A machine in memory: its process table is a script that the signaller edits, its clock moves when somebody sleeps. */
export class FakeMachine {
  readonly signals: string[] = [];
  openHandles = 0;
  looks = 0;
  manifests: readonly Manifest[] = [];
  damaged: readonly DamagedManifest[] = [];
  otherRegistries: readonly OtherRegistry[] = [];
  /** Of the snapshots. */
  extra: Partial<ProcessSnapshot> = {};
  /** Happens before each look, counted from 1. */
  onLook: (look: number) => void = () => undefined;
  readonly #rows = new Map<number, ProcessRow>();
  readonly #behaviours = new Map<number, Behaviour>();
  #now = 0;
  #events: { readonly at: number; readonly run: () => void }[] = [];

  constructor(rows: readonly ProcessRow[] = []) {
    this.start(...machine, ...rows);
  }

  start(...rows: readonly ProcessRow[]): void {
    for (const row of rows) this.#rows.set(row.pid, row);
  }

  behave(pid: number, behaviour: Behaviour): void {
    this.#behaviours.set(pid, behaviour);
  }

  end(pid: number): void {
    const isThere = this.#rows.delete(pid);
    if (!isThere) return;
    for (const [child, row] of this.#rows) if (row.ppid === pid) this.#rows.set(child, { ...row, ppid: 1 });
    const { takesAlong = [], onEnd } = this.#behaviours.get(pid) ?? {};
    for (const other of takesAlong) this.end(other);
    onEnd?.();
  }

  has(pid: number): boolean {
    return this.#rows.has(pid);
  }

  /** Does something once the clock has come that far. */
  at(ms: number, run: () => void): void {
    this.#events.push({ at: this.#now + ms, run });
  }

  readonly clock: Clock = {
    now: () => this.#now,
    date: () => new Date(this.#now),
    sleep: (ms) => {
      this.#advance(ms);
      return Promise.resolve();
    },
  };

  readonly observe = (): Promise<Observation> => {
    this.looks += 1;
    this.onLook(this.looks);
    return Promise.resolve(
      judgeReading({
        snapshot: snapshotOf([...this.#rows.values()], this.extra),
        dataDir: DATA_DIR,
        manifests: this.manifests,
        damaged: this.damaged,
        otherRegistries: this.otherRegistries,
        answering: [],
      }),
    );
  };

  readonly signaller: Signaller = {
    method: 'fake',
    bind: (row) => {
      const present = this.#rows.get(row.pid);
      const refusal = this.#behaviours.get(row.pid)?.bind;
      if (refusal !== undefined) return refusal;
      if (present === undefined) return 'gone';
      return present.startTicks === row.startTicks ? this.#bind(present) : 'different';
    },
  };

  #bind(bound: ProcessRow): BoundProcess {
    this.openHandles += 1;
    const isThere = () => this.#rows.get(bound.pid)?.startTicks === bound.startTicks;
    return {
      pid: bound.pid,
      state: () => (isThere() ? 'alive' : 'gone'),
      close: () => {
        this.openHandles -= 1;
      },
      signal: (signal) => {
        if (!isThere()) return 'gone';
        const behaviour = this.#behaviours.get(bound.pid) ?? {};
        const refusal = behaviour.refuse?.[signal];
        if (refusal !== undefined) return refusal;
        this.signals.push(`${signal} ${bound.pid}`);
        this.#deliver(bound.pid, signal, behaviour);
        return 'sent';
      },
    };
  }

  #deliver(pid: number, signal: Signal, { endsAfterMs = 0, survivesKill = false }: Behaviour): void {
    if (signal === 'SIGKILL') {
      if (!survivesKill) this.end(pid);
    } else if (endsAfterMs === 0) this.end(pid);
    else if (endsAfterMs !== Infinity) {
      this.at(endsAfterMs, () => {
        this.end(pid);
      });
    }
  }

  #advance(ms: number): void {
    this.#now += ms;
    const due = this.#events.filter(({ at }) => at <= this.#now);
    this.#events = this.#events.filter(({ at }) => at > this.#now);
    for (const { run } of due) run();
  }
}
