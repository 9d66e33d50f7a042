import type { ProcessRow } from '../../core/process/snapshot.ts';

/** Another use of a TCP port of this machine. A connection that is closing belongs to no process. */
export interface PortUse {
  readonly kind: 'listens' | 'is-connected' | 'is-closing';
  /** Undefined if this user cannot see it. */
  readonly process: ProcessRow | undefined;
}

/** The ports that the system gives to outgoing connections, both included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Why the worker cannot listen on a port. */
export interface PortProblem {
  /** `unusable`: the system refuses the address for another reason than a use. */
  readonly kind: 'taken' | 'unusable';
  /** One sentence without a full stop. */
  readonly detail: string;
  /** The use, if it is known. */
  readonly use: PortUse | undefined;
  /** Why the port can be taken again after it is free, as one sentence without a full stop. */
  readonly explanation: string | undefined;
  /** A port that is free now. */
  readonly freePort: number | undefined;
}
