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

/** One file in the spool. */
export interface SpooledEvent {
  readonly name: string;
  /** Delivery attempts so far. */
  readonly attempts: number;
  /** `event`: written by `claude-mem hook`. `input`: the input of a hook as Claude Code wrote it, stored by the hook script. */
  readonly form: 'event' | 'input';
}

/** A spooled event whose attempt is counted. */
export type BegunEvent = {
  readonly event: SpooledEvent;
  /** The same for each attempt, and different for each file. */
  readonly id: string;
} & (
  | { readonly form: 'event'; /** Not validated. */ readonly content: unknown }
  /** Without a text if the file cannot be an input. */
  | { readonly form: 'input'; readonly text: string | undefined; readonly writtenAt: Date }
);

/**
 * The events that are not delivered yet: one file per event, in the order they happened.
 * @throws ClaudeMemError `io` from each method.
 */
export interface EventSpool {
  /** Whether `claude-mem hook` spooled an event of this session. Its later events must not overtake it. */
  holdsSession(sessionId: string): boolean;
  /** Writes the event; it is on disk on return. Also throws if the spool is full. */
  add(event: HookEvent): void;
  /** Oldest first. */
  list(): readonly SpooledEvent[];
  /** Counts an attempt and reads the event; undefined if another process has removed it. */
  begin(event: SpooledEvent): BegunEvent | undefined;
  /** Takes one attempt off the count, for a failure that the event did not cause. */
  postpone(event: SpooledEvent): void;
  /** Removes a delivered event. */
  remove(event: SpooledEvent): void;
  /** Takes an undeliverable event out of the list. Keeps it for inspection, unless it is an input: that may contain secrets. */
  setAside(event: SpooledEvent): void;
  /** Calls back after a change of the spool, as far as the system reports changes. @returns a function that ends this. */
  watch(onChange: () => void): () => void;
}
