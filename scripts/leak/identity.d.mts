export interface Identity {
  readonly pid: number;
  /** Clock ticks since boot on Linux, elsewhere the start according to `ps`. */
  readonly start: string;
}

export function identify(pid: number): Identity | undefined;
export function isAlive(identity: Identity): boolean;
export function signalIfSame(identity: Identity, signal: NodeJS.Signals): boolean;
export function parentOf(pid: number): number | undefined;
export function childrenOf(pid: number): readonly number[];
export function ownerMarkOfSelf(): string;
