import pidtree from 'pidtree';
import psList, { type ProcessDescriptor } from 'ps-list';
import { type PsOutput, runPs } from './run-ps.ts';

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
  // It refuses more than 64 MB, and columns that a system does not know; what it says is of use and not needed.
  describeAll: () => psList().catch(() => []),
  // It refuses systems it does not know, OpenBSD among them.
  listLinks: () => pidtree(-1, { advanced: true }).catch(listLinksByPs),
  ps: runPs,
};

/** @throws ClaudeMemError `process-table-unreadable`. */
export async function listLinksByPs(): Promise<readonly ProcessLink[]> {
  const { text } = await runPs(['-A', '-o', 'pid=,ppid=']);
  return parseLinks(text);
}

/** Reads lines of a pid and its parent's. */
export function parseLinks(text: string): readonly ProcessLink[] {
  return text
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s*$/.exec(line))
    .filter((found) => found !== null)
    .map(([, pid, ppid]) => ({ pid: Number(pid), ppid: Number(ppid) }));
}
