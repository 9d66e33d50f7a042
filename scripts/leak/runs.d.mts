import type { Identity } from './identity.mjs';

export interface WhereRunsAre {
  /** The variables whose value is a mark, or a mark followed by `/` and more. */
  readonly names?: readonly string[];
  /** The prefix of their folder names. */
  readonly prefix?: string;
}

export interface EndedRuns {
  readonly ended: readonly Identity[];
  /** Still alive after 15 s. */
  readonly left: readonly Identity[];
  /** Folders. */
  readonly removed: readonly string[];
}

export function newRunMark(): string;
export function makeRunFolder(mark: string, prefix?: string): string;
export function temporaryFolder(): string;
export function isRunGone(mark: string): boolean;
export function endKilledRuns(where?: WhereRunsAre): Promise<EndedRuns>;
export function endRun(mark: string): Promise<EndedRuns>;
export function describeEnded(what: EndedRuns): string | undefined;
export function removeRunFolder(folder: string): boolean;
