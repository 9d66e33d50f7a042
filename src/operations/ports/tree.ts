import type { IdentityScope } from '../../core/process/identity.ts';
import type { Role, StoredIdentity } from '../../core/tree/manifest.ts';
import type { ProcessRow } from '../../core/process/snapshot.ts';
import type { HookEvent } from '../hooks/hook-event.ts';

/** The identity of this process, for the marks of its children. */
export interface OwnIdentity {
  readonly pid: number;
  readonly startTicks?: number | undefined;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly scope: IdentityScope;
}

/** Reads one process; undefined if it does not exist. Synchronous, because it runs between a spawn and its record. */
export type IdentifyProcess = (pid: number) => ProcessRow | undefined;

export type MeasuredProcess = Pick<
  ProcessRow,
  'startTicks' | 'cpuTicks' | 'state' | 'threads' | 'rssBytes' | 'pssBytes' | 'swapBytes'
>;

/** Measures one process; undefined if it is gone. Synchronous and cheap: the supervisor calls it every few seconds. */
export type MeasureProcess = (pid: number) => MeasuredProcess | undefined;

/** A process to record. */
export interface Registration {
  readonly role: Role;
  readonly identity: StoredIdentity;
  readonly pgid?: number;
  readonly owner: StoredIdentity;
  readonly command: readonly string[];
}

/** Records processes in the tree's manifest. The root writes it; other processes send their entries to the root. */
export interface TreeRecorder {
  /** Resolves once the entry is on disk. */
  register(registration: Registration): Promise<void>;
  /** Ends the entry: the process was seen gone, or its owner released it. */
  ended(identity: StoredIdentity): Promise<void>;
}

/** One event file in the spool. */
export interface SpooledEvent {
  readonly name: string;
  /** Delivery attempts so far. */
  readonly attempts: number;
}

/**
 * The events that are not delivered yet: one file per event, in the order they happened.
 * @throws ClaudeMemError `io` from each method.
 */
export interface EventSpool {
  /** Whether an event of this session is in the spool. Later events must not overtake it. */
  holdsSession(sessionId: string): boolean;
  /** Writes the event; it is on disk on return. Also throws if the spool is full. */
  add(event: HookEvent): void;
  /** Oldest first. */
  list(): readonly SpooledEvent[];
  /** Counts an attempt and reads the event without validating it; undefined if another process has removed it. */
  begin(event: SpooledEvent): { readonly content: unknown; readonly event: SpooledEvent } | undefined;
  /** Takes one attempt off the count, for a failure that the event did not cause. */
  postpone(event: SpooledEvent): void;
  /** Removes a delivered event. */
  remove(event: SpooledEvent): void;
  /** Keeps an undeliverable event under another name, for inspection. */
  setAside(event: SpooledEvent): void;
}
