import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../core/settings.ts';
import type { TreeStatus } from '../operations/tree/tree-lifecycle.ts';
import { createExclusion } from './exclusion.ts';
import type { Adapters } from './services.ts';
import { ChromaSync } from '../chroma/chroma-sync.ts';
import { SessionSearch } from '../memory/session-search.ts';
import { SessionStore } from '../memory/session-store.ts';
import { lastAnswerOf } from '../state/files/transcript.ts';
import type { Shutdown } from '../shared/shutdown.ts';
import type { SearchClientOptions } from '../worker/search-client.ts';
import { type RunningWorker, startWorker, type WorkerOptions } from '../worker/start-worker.ts';

export interface WorkerBeginning extends Pick<WorkerOptions, 'token' | 'socket' | 'spool'> {
  readonly version: string;
  readonly settings: Settings;
  readonly shutdown: Shutdown;
  readonly adapters: Pick<Adapters, 'observe' | 'vectorsGuard'>;
  /** Shares the household of the worker. */
  readonly searchServer: SearchClientOptions;
  readonly readSamples: WorkerOptions['page']['readSamples'];
  /** Undefined if the supervisor does not answer. */
  readonly askSupervisor: () => Promise<TreeStatus | undefined>;
}

/**
 * Assembles the worker and starts it. Call it after the search server was spawned.
 * @throws ClaudeMemError as `startWorker`.
 */
export function runWorker(beginning: WorkerBeginning): Promise<RunningWorker> {
  const { version, settings, shutdown, adapters, searchServer, token, socket, spool, readSamples, askSupervisor } =
    beginning;
  const { household } = searchServer;
  const { dataDir, treeId, log } = household;
  const { observe, vectorsGuard } = adapters;
  return startWorker({
    identity: { treeId, pid: process.pid, version },
    settings,
    token,
    socket,
    channel: process,
    shutdown,
    observe,
    log,
    spool,
    home: homedir(),
    isExcluded: createExclusion(settings.excludedProjects, homedir()),
    lastAnswer: lastAnswerOf,
    searchServer,
    page: {
      folder: join(__dirname, 'page'),
      readSamples,
      // The observation comes second, so that a supervisor that answers and then exits is not shown as running.
      look: async () => ({ status: await askSupervisor(), observation: await observe() }),
      dataDirFlag: dataDir === join(homedir(), '.claude-mem') ? undefined : dataDir,
    },
    database: {
      openStore: () =>
        new SessionStore(dataDir, {
          onUpdate: (schema) => {
            log.info('updating the memory to a newer schema; a large one takes a while', { schema });
          },
        }),
      openSearch: () => new SessionSearch(dataDir),
      openVectors: (store) =>
        new ChromaSync(
          {
            ...household,
            settings,
            role: 'chroma-sync',
            constraintsFile: join(__dirname, 'chroma-constraints.txt'),
            platform: process.platform,
            vectors: vectorsGuard('claude-mem worker'),
          },
          store,
        ),
    },
  });
}
