import type { Readable, Writable } from 'node:stream';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Log } from '../shared/log.ts';
import { withTimeout } from '../shared/with-timeout.ts';
import type { EndProgram } from '../shared/end-of-program.ts';
import type { SessionSearch } from '../memory/session-search.ts';
import type { Closing, Shutdown } from '../shared/shutdown.ts';
import { CallsUnderWay } from './calls-under-way.ts';
import { createMcpServer } from './mcp-server.ts';
import type { OwnVectors } from './own-vectors.ts';
import { VectorSources } from './vector-sources.ts';
import { watchClient } from './watch-client.ts';
import type { WorkerVectors } from './worker-vectors.ts';

export interface SearchServerOptions {
  readonly version: string;
  /** Pid of the process that started it. */
  readonly startedBy: number;
  readonly input: Readable;
  readonly output: Writable;
  readonly transport: Transport;
  readonly memory: SessionSearch;
  readonly worker: Pick<WorkerVectors, 'query'>;
  /** Undefined in a worker's tree, where the worker owns the vectors. */
  readonly own: { readonly vectors: OwnVectors; readonly close: Closing } | undefined;
  readonly shutdown: Shutdown;
  readonly end: EndProgram;
  readonly log: Log;
}

/** Deadline for a semantic answer from the worker of the same tree, in milliseconds. */
const WORKER_BUDGET_MS = 3_500;
/** Deadline for a semantic answer if this process has to start its own Chroma first, in milliseconds. */
const OWN_BUDGET_MS = 8_000;
/** Part of the shutdown reserved for answering open requests, in milliseconds. */
const LAST_ANSWERS_MS = 1_000;

/**
 * Serves until the client disconnects or a signal arrives, then closes once: Chroma client, MCP connection,
 * SessionSearch.
 */
export async function startSearchServer(options: SearchServerOptions): Promise<void> {
  const { memory, worker, own, shutdown, end, log } = options;
  const calls = new CallsUnderWay();
  const sources = new VectorSources(worker, own?.vectors);
  const vectorsBudgetMs = own === undefined ? WORKER_BUDGET_MS : OWN_BUDGET_MS;
  const server = createMcpServer(
    { vectors: sources, memory, vectorsBudgetMs, track: (call) => calls.track(call) },
    options.version,
  );
  server.server.onclose = () => {
    end('the MCP connection was closed');
  };
  server.server.onerror = (error) => {
    log.warn('MCP connection error', { error });
  };
  shutdown.add('Chroma', async (withinMs) => own?.close(withinMs));
  shutdown.add('MCP connection and memory', async (withinMs) => {
    await withTimeout(Math.min(LAST_ANSWERS_MS, withinMs), calls.idle());
    await server.close();
    memory.close();
  });
  const unwatch = watchClient(
    { input: options.input, output: options.output, parentPid: () => process.ppid, startedBy: options.startedBy },
    end,
  );
  shutdown.add('watch', unwatch);
  await server.connect(options.transport);
  log.info('serving', { startedBy: options.startedBy, isInTree: own === undefined });
}
