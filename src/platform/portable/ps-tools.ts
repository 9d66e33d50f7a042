import pidtree from 'pidtree';
import psList, { type ProcessDescriptor } from 'ps-list';
import { type PsOutput, psFailure, runPs } from './run-ps.ts';

/** What the portable reader asks of the machine; tests put recorded answers in its place. */
export interface PsTools {
  /** All processes with name, path and command line. */
  describeAll(): Promise<readonly ProcessDescriptor[]>;
  /** All pids with their parents. */
  listLinks(): Promise<readonly ProcessLink[]>;
  ps(args: readonly string[]): Promise<PsOutput>;
}

export interface ProcessLink {
  readonly pid: number;
  readonly ppid: number;
}

export const psTools: PsTools = {
  describeAll: () => psList().catch(fail),
  listLinks: () => pidtree(-1, { advanced: true }).catch(fail),
  ps: runPs,
};

function fail(error: unknown): never {
  throw psFailure(error);
}
