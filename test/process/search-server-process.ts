import { readProcText } from '../../scripts/leak/proc-text.mjs';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { identify, isAlive, type Identity, signalIfSame } from '../../scripts/leak/identity.mjs';
import { eventually } from '../helpers/eventually.ts';
import { cleanEnvironment } from '../helpers/run-cli.ts';

export const SEARCH_SERVER = fileURLToPath(new URL('../../dist/search-server.js', import.meta.url));

export interface SearchServerOptions {
  readonly dataDir: string;
  readonly home?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The environment of a search server, without a tree. */
export function searchServerEnvironment({ dataDir, home = dataDir, env }: SearchServerOptions): Record<string, string> {
  const all = cleanEnvironment({ home, env: { CLAUDE_MEM_DATA_DIR: dataDir, ...env } });
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** An external MCP client with the SDK's transport, and the built search server that it started. */
export async function connectSearchServer(options: SearchServerOptions) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [SEARCH_SERVER],
    env: searchServerEnvironment(options),
    cwd: '/',
  });
  const client = new Client({ name: 'foreign', version: '1' });
  await client.connect(transport);
  const identity = identify(transport.pid ?? 0);
  if (identity === undefined) throw new Error('the search server could not be started');
  onTestFinished(async () => {
    await client.close();
    await eventually('the search server is gone', () => !isAlive(identity));
  });
  const call = async (name: string, args: Record<string, unknown> = {}) => {
    const { structuredContent } = await client.callTool({ name, arguments: args }, undefined, { timeout: 20_000 });
    return structuredContent as Record<string, unknown>;
  };
  return {
    client,
    identity,
    call,
    /** Repeats a search while Chroma is starting, which on a busy machine takes longer than one answer may. */
    search: async (args: Record<string, unknown>) => {
      let answer: Record<string, unknown> = {};
      await eventually(
        'Chroma has started',
        async () => {
          answer = await call('search', args);
          return answer.reason !== 'Chroma is starting';
        },
        { withinMs: 60_000 },
      );
      return answer;
    },
    /** Pids of the Chroma processes that it, or a dead process of that pid, started. */
    chroma: () => startedBy(identity),
    kill: (signal: NodeJS.Signals) => signalIfSame(identity, signal),
    isGone: async (withinMs = 5_000) => {
      await eventually('the search server is gone', () => !isAlive(identity), { withinMs });
    },
  };
}

/** Processes with the owner mark of that process, and their descendants: found even after they were re-parented. */
export function startedBy({ pid, start }: Identity): readonly number[] {
  const isMarked = (environment: string): boolean =>
    environment.split('\0').some((entry) => entry.startsWith(`CLAUDE_MEM_OWNER=${pid}:${start}:`));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => {
      try {
        return isMarked(readProcText(`/proc/${candidate}/environ`));
      } catch {
        return false;
      }
    });
}
