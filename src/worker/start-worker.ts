import { isSkippedTool } from '../core/excluded-project.ts';
import { errnoOf, ClaudeMemError } from '../shared/errors.ts';
import type { Settings } from '../core/settings.ts';
import { type IpcChannel, sendToSupervisor } from '../operations/tree/tree-messages.ts';
import type { EventSpool } from '../operations/ports/tree.ts';
import type { Log } from '../shared/log.ts';
import type { Observation } from '../operations/observe/observe.ts';
import { singleFlight } from '../shared/single-flight.ts';
import { withTimeout } from '../shared/with-timeout.ts';
import { hybridSearch } from '../chroma/hybrid-search.ts';
import type { Shutdown } from '../shared/shutdown.ts';
import type { Api, WorkerIdentity, WorkerProcessInfo } from './api.ts';
import { DatabaseManager, type DatabaseParts } from './database-manager.ts';
import { createHttpServer } from './http-server.ts';
import { LocalListener, type LocalPlace } from './local-listener.ts';
import { createAssetReader } from './page/page-assets.ts';
import { describeState, type PageSources } from './page/page-state.ts';
import type { PageOptions } from './routes/page.ts';
import { SearchClient, type SearchClientOptions } from './search-client.ts';
import { reportParts } from './report-parts.ts';
import { createProgressReport } from './report-progress.ts';
import { reportSearchMode, searchModeOf } from './search-mode.ts';
import { SpoolDrain } from './spool-drain.ts';
import { createProjectFinder } from './project-finder.ts';
import { eventOfSpooled } from './spooled-event.ts';
import { takeSpooled } from './take-event.ts';

export interface WorkerOptions {
  readonly identity: WorkerIdentity;
  readonly settings: Pick<Settings, 'workerHost' | 'workerPort' | 'skippedTools'>;
  readonly token: string;
  /** For claude-mem processes. */
  readonly socket: LocalPlace & {
    /** Records the socket's path once the worker listens. */
    readonly note: () => void;
  };
  readonly database: DatabaseParts;
  readonly searchServer: SearchClientOptions;
  /** Events that wait for this worker. */
  readonly spool: EventSpool;
  /** The user's home, which is no project. */
  readonly home: string;
  /** Whether nothing of a session in this place may be stored. */
  readonly isExcluded: (place: { readonly cwd: string; readonly project: string }) => boolean;
  /** The assistant's last text in a transcript; undefined if it cannot be read. */
  readonly lastAnswer: (transcript: string) => string | undefined;
  readonly page: {
    /** Folder of the built files. */
    readonly folder: string;
    readonly look: () => Promise<Pick<PageSources, 'observation' | 'status'>>;
    readonly dataDirFlag: string | undefined;
    readonly readSamples: PageOptions['readSamples'];
  };
  /** IPC channel to the supervisor. */
  readonly channel: IpcChannel;
  readonly shutdown: Shutdown;
  /** Reads and classifies the processes of this data dir. */
  readonly observe: () => Promise<Observation>;
  readonly log: Log;
}

export interface RunningWorker {
  /** Ends the connection to Chroma. The next one opens on demand, after a pause of this many milliseconds. */
  recycleChroma(reason: string, restMs: number): void;
}

/** How long to wait for the first answer of the search server, in milliseconds. A worker also works without one. */
const SEARCH_SERVER_WAIT_MS = 5_000;
/** Part of the deadline reserved for cutting off running requests, in milliseconds. */
const CUT_OFF_RESERVE_MS = 200;

/**
 * Starts the worker: search server, memory, HTTP. Reports `ready` when it answers requests and the search server has
 * answered or failed.
 * @throws ClaudeMemError `io` if the memory cannot be opened; `port-taken`.
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { shutdown, log, channel, settings } = options;
  const searchClient = new SearchClient(options.searchServer);
  shutdown.add('search client', (withinMs) => searchClient.close(withinMs));
  searchClient.start();
  const database = DatabaseManager.open(options.database, log);
  shutdown.add('database', (withinMs) => database.close(withinMs));
  const lookAtMode = reportSearchMode({ status: () => database.vectors.status(), channel, log, shutdown });
  reportParts({ searchClient, vectors: database.vectors, channel, shutdown });
  // The drain starts later, because only a worker that listens may store events.
  const spool: { drain?: SpoolDrain | undefined } = {};
  const spoolStored = () => spool.drain?.look() ?? Promise.resolve();
  const api = createApi(options, { database, searchClient, lookAtMode, spoolStored });
  await listen(api, options);
  spool.drain = drainSpool(api, options);
  await withTimeout(SEARCH_SERVER_WAIT_MS, searchClient.firstAttempt);
  const { workerPort: port } = settings;
  log.info('ready', { port, searchServer: searchClient.status.state });
  if (!shutdown.isBegun) sendToSupervisor(channel, { type: 'ready', port, socket: options.socket.path });
  return {
    recycleChroma: (reason, restMs) => {
      database.vectors.recycle(reason, restMs).catch((error: unknown) => {
        log.error('could not recycle Chroma', { reason, error });
      });
    },
  };
}

/** Starts after listening: of two workers, only the one with the port stores events. */
function drainSpool(
  api: Api,
  { spool, log, shutdown, home, lastAnswer, isExcluded, settings }: WorkerOptions,
): SpoolDrain | undefined {
  if (shutdown.isBegun) return undefined;
  const projectOf = createProjectFinder(home);
  const skips = (tool: string | undefined) => isSkippedTool(tool, settings.skippedTools);
  const drain = new SpoolDrain({
    ...{ spool, log },
    eventOf: (begun) => eventOfSpooled(begun, { projectOf, lastAnswer, isExcluded, isSkippedTool: skips }),
    store: (files, isAll) => {
      takeSpooled(api, files, isAll);
    },
  });
  shutdown.add('spool', () => drain.close());
  return drain;
}

async function listen(api: Api, options: WorkerOptions): Promise<void> {
  const { settings, token, log, shutdown, socket } = options;
  const { workerHost: host, workerPort: port } = settings;
  const local = new LocalListener();
  const server = createHttpServer({
    guard: { host, port, token, isLocal: (connection) => local.isLocal(connection) },
    api,
    page: pageOf(api, options),
    log,
    isClosing: () => shutdown.isBegun,
    onAnswer: createProgressReport(options.channel),
  });
  shutdown.add('http', async (withinMs) => {
    const closing = Promise.all([server.close(), local.close()]);
    await withTimeout(Math.max(0, withinMs - CUT_OFF_RESERVE_MS), closing);
    server.server.closeAllConnections();
    await closing;
  });
  if (shutdown.isBegun) return;
  try {
    await server.listen({ host, port });
    // Only after it has the port: of two workers, clients must reach the one with the port.
    await local.listen(socket, server.server);
    socket.note();
    log.info('listening', { host, port, socket: socket.path });
  } catch (error) {
    if (errnoOf(error) !== 'EADDRINUSE') throw error;
    throw new ClaudeMemError('port-taken', `port ${port} on ${host} is taken by another program`, {
      hint: 'End that program, or choose another port with --port or CLAUDE_MEM_WORKER_PORT.',
      cause: error,
    });
  }
}

function pageOf(api: Api, { token, settings, page }: WorkerOptions): PageOptions {
  const { workerHost: host, workerPort: port } = settings;
  const { folder, look, dataDirFlag, readSamples } = page;
  return {
    token,
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    readAsset: createAssetReader(folder),
    readState: async () =>
      describeState({
        ...(await look()),
        identity: api.identity,
        readiness: api.readiness(),
        services: api.processes(),
        dataDirFlag,
      }),
    readSamples,
    clock: { now: () => performance.now(), wall: () => Date.now() },
  };
}

interface Parts {
  readonly database: DatabaseManager;
  readonly searchClient: SearchClient;
  readonly lookAtMode: () => void;
  readonly spoolStored: () => Promise<void>;
}

function createApi(
  { identity, observe, isExcluded }: WorkerOptions,
  { database, searchClient, lookAtMode, spoolStored }: Parts,
): Api {
  const { store, search: memory, vectors } = database;
  const readiness = () => ({ search: searchModeOf(vectors.status()), searchServer: searchClient.status });
  // Simultaneous scrapers share one reading.
  const observeOnce = singleFlight(observe);
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
    isExcluded,
    spoolStored,
    search: async (request) => {
      const answer = await hybridSearch(request, { vectors, memory });
      lookAtMode();
      return answer;
    },
    queryVectors: (query) => vectors.query(query),
    readiness,
    metrics: async () => {
      const { METRICS_CONTENT_TYPE, renderMetrics } = await import('../operations/leaks/metrics.ts');
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
