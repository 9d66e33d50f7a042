import { errnoOf, ClaudeMemError } from '../../shared/errors.ts';
import type { Settings } from '../../core/settings.ts';
import { type IpcChannel, sendToSupervisor } from '../../operations/tree-messages.ts';
import type { Observation } from '../../operations/observe.ts';
import type { Log } from '../../operations/tree-ports.ts';
import { alone } from '../../shared/alone.ts';
import { within } from '../../shared/within.ts';
import { hybridSearch } from '../search/hybrid-search.ts';
import type { Shutdown } from '../shutdown.ts';
import type { Api, WorkerIdentity, WorkerProcessInfo } from './api.ts';
import { DatabaseManager, type DatabaseParts } from './database-manager.ts';
import { createHttpServer } from './http-server.ts';
import { SearchClient, type SearchClientOptions } from './search-client.ts';
import { reportSearchMode, searchModeOf } from './search-mode.ts';

export interface WorkerOptions {
  readonly identity: WorkerIdentity;
  readonly settings: Pick<Settings, 'workerHost' | 'workerPort'>;
  readonly token: string;
  readonly database: DatabaseParts;
  readonly searchServer: SearchClientOptions;
  /** To the supervisor. */
  readonly channel: IpcChannel;
  readonly shutdown: Shutdown;
  /** Reads and judges the processes of this data dir. */
  readonly observe: () => Promise<Observation>;
  readonly log: Log;
}

export interface RunningWorker {
  /** Ends the connection to Chroma; the next need opens another. */
  recycleChroma(reason: string): void;
}

/** A worker without a search server works too; this long the first answer of one is waited for, in milliseconds. */
const SEARCH_SERVER_WAIT_MS = 5_000;
/** Kept back of the deadline for cutting off requests that are still under way, in milliseconds. */
const CUT_OFF_RESERVE_MS = 200;

/**
 * Brings the worker up: search server, memory, HTTP. Says `ready` when requests are answered and the search server has answered or failed.
 * @throws ClaudeMemError `io` when the memory cannot be opened; `port-taken`.
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { shutdown, log, channel, settings } = options;
  // First, because it takes as long to start as all the rest.
  const searchClient = new SearchClient(options.searchServer);
  shutdown.add('search server', (withinMs) => searchClient.close(withinMs));
  searchClient.start();
  const database = DatabaseManager.open(options.database, log);
  shutdown.add('database', (withinMs) => database.close(withinMs));
  const lookAtMode = reportSearchMode({ status: () => database.vectors.status(), channel, log, shutdown });
  await listen(createApi(options, { database, searchClient, lookAtMode }), options);
  await within(SEARCH_SERVER_WAIT_MS, searchClient.settled);
  log.info('ready', { port: settings.workerPort, searchServer: searchClient.status.state });
  if (!shutdown.isBegun) sendToSupervisor(channel, { type: 'ready', port: settings.workerPort });
  return {
    recycleChroma: (reason) => {
      database.vectors.recycle(reason).catch((error: unknown) => {
        log.error('Chroma could not be recycled', { reason, error });
      });
    },
  };
}

async function listen(api: Api, { settings, token, log, shutdown }: WorkerOptions): Promise<void> {
  const { workerHost: host, workerPort: port } = settings;
  const server = createHttpServer({ guard: { host, port, token }, api, log, isClosing: () => shutdown.isBegun });
  shutdown.add('http', async (withinMs) => {
    const closing = server.close();
    await within(Math.max(0, withinMs - CUT_OFF_RESERVE_MS), closing);
    server.server.closeAllConnections();
    await closing;
  });
  if (shutdown.isBegun) return;
  try {
    await server.listen({ host, port });
    log.info('listening', { host, port });
  } catch (error) {
    if (errnoOf(error) !== 'EADDRINUSE') throw error;
    throw new ClaudeMemError('port-taken', `port ${port} on ${host} is taken by another program`, {
      hint: 'End that program, or choose another port with --port or CLAUDE_MEM_WORKER_PORT.',
      cause: error,
    });
  }
}

interface Parts {
  readonly database: DatabaseManager;
  readonly searchClient: SearchClient;
  readonly lookAtMode: () => void;
}

function createApi({ identity, observe }: WorkerOptions, { database, searchClient, lookAtMode }: Parts): Api {
  const { store, search: memory, vectors } = database;
  const readiness = () => ({ search: searchModeOf(vectors.status()), searchServer: searchClient.status });
  // A reading takes as long for ten scrapers as for one.
  const observeOnce = alone(observe);
  return {
    identity,
    store,
    memory,
    sessionActive: () => {
      vectors.wake();
    },
    observationsAdded: () => {
      vectors.observationsAdded();
    },
    search: async (request) => {
      const answer = await hybridSearch(request, { vectors, memory });
      lookAtMode();
      return answer;
    },
    queryVectors: (query) => vectors.query(query),
    readiness,
    metrics: async () => {
      const { METRICS_CONTENT_TYPE, renderMetrics } = await import('../../operations/metrics.ts');
      const observation = await observeOnce();
      const { search, searchServer } = readiness();
      const worker = { searchMode: search.mode, searchServerRestarts: searchServer.restarts };
      const text = await renderMetrics({ observation, version: identity.version, worker });
      return { contentType: METRICS_CONTENT_TYPE, text };
    },
    processes: () => [
      { role: 'worker', pid: identity.pid, state: 'running' },
      ...searchServerProcess(searchClient),
      ...chromaProcesses(vectors.status()),
    ],
  };
}

function searchServerProcess({ status: { pid, state } }: SearchClient): WorkerProcessInfo[] {
  return pid === null ? [] : [{ role: 'search', pid, state }];
}

function chromaProcesses(status: ReturnType<DatabaseManager['vectors']['status']>): WorkerProcessInfo[] {
  const { wrapperPid, pythonPid, state } = status;
  const pids = [wrapperPid, pythonPid].filter((pid) => pid !== null);
  return [...new Set(pids)].map((pid) => ({ role: 'chroma-sync', pid, state }));
}
