import pidtree from 'pidtree';
import psList, { type ProcessDescriptor } from 'ps-list';
import { type PsOutput, runPs } from './run-ps.ts';
import { listLinksByPs } from './list-links.ts';
import type { ProcessLink } from './parse-links.ts';

/** External commands of the portable reader; tests substitute recorded answers. */
export interface PsTools {
  /** All processes with name, path and command line. */
  describeAll(): Promise<readonly ProcessDescriptor[]>;
  /** All pids with their parents. */
  listLinks(): Promise<readonly ProcessLink[]>;
  ps(args: readonly string[]): Promise<PsOutput>;
}

export const psTools: PsTools = {
  // Fails above 64 MB and for unknown columns. Its result is useful but not required.
  describeAll: () => psList().catch(() => []),
  // Fails on systems it does not know, such as OpenBSD.
  listLinks: () => pidtree(-1, { advanced: true }).catch(listLinksByPs),
  ps: runPs,
};
