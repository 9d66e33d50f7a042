import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../core/settings.ts';
import type { TreeStatus } from '../operations/tree/tree-lifecycle.ts';
import type { Adapters } from './services.ts';
import { ChromaSync } from '../chroma/chroma-sync.ts';
import { SessionSearch } from '../memory/session-search.ts';
import { SessionStore } from '../memory/session-store.ts';
import type { Shutdown } from '../shared/shutdown.ts';
import type { SearchClientOptions } from '../worker/search-client.ts';
import { type RunningWorker, startWorker, type WorkerOptions } from '../worker/start-worker.ts';

export interface WorkerBeginning extends Pick<WorkerOptions, 'token' | 'socket' | 'spool'> {
  readonly version: string;
  readonly settings: Settings;
  readonly shutdown: Shutdown;
  readonly adapters: Pick<Adapters, 'observe' | 'vectorsGuard'>;
  /** Its household is the worker's. */
  readonly searchServer: SearchClientOptions;
  readonly readSamples: WorkerOptions['page']['readSamples'];
  /** Undefined where it does not answer. */
  readonly askSupervisor: () => Promise<TreeStatus | undefined>;
}

/**
 * Puts the worker together and starts it, once its search server is on its way.
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
    searchServer,
    page: {
      folder: join(__dirname, 'page'),
      readSamples,
      // In this order: a supervisor that answered and then ended must not be shown as one that runs.
      look: async () => ({ status: await askSupervisor(), observation: await observe() }),
      dataDirFlag: dataDir === join(homedir(), '.claude-mem') ? undefined : dataDir,
    },
    database: {
      openStore: () => new SessionStore(dataDir),
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
