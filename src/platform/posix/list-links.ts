import { parseLinks, type ProcessLink } from './parse-links.ts';
import { runPs } from './run-ps.ts';

/**
 * Lists all pids with their parents, with a `ps` of any POSIX system.
 * @throws ClaudeMemError `process-table-unreadable`.
 */
export async function listLinksByPs(): Promise<readonly ProcessLink[]> {
  const { text } = await runPs(['-A', '-o', 'pid=,ppid=']);
  return parseLinks(text);
}
