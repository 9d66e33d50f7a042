import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MARKS } from '../../core/marks.ts';
import { createIpcRecorder, isSupervisorMessage, sendToSupervisor } from '../../operations/tree-messages.ts';
import type { TreeStatus } from '../../operations/tree-lifecycle.ts';
import type { Log, TreeRecorder } from '../../operations/tree-ports.ts';
import { createFileLog } from '../../shared/log.ts';
import { connectToSupervisor } from '../../state/control-client.ts';
import { ensureDataDir, resolveDataDir } from '../../state/data-dir.ts';
import { readSamples } from '../../state/samples.ts';
import { readSettings } from '../../state/settings.ts';
import { Spool } from '../../state/spool.ts';
import { ensureToken } from '../../state/token.ts';
import { loadAdapters } from '../adapters.ts';
import { ChromaSync } from '../chroma/chroma-sync.ts';
import { type EndProgram, prepareEnd } from '../end-of-program.ts';
import { SessionSearch } from '../memory/session-search.ts';
import { SessionStore } from '../memory/session-store.ts';
import { Shutdown } from '../shutdown.ts';
import { startWorker, type WorkerOptions } from './start-worker.ts';

const version = process.env.CLAUDE_MEM_VERSION ?? '0.0.0';

/** Undefined where nobody supervises: then nothing is recorded, and what is started is known by its marks alone. */
const isSupervised = process.send !== undefined;

/** Milliseconds. */
const SUPERVISOR_ANSWER_MS = 1_000;

async function main(): Promise<void> {
  const dataDir = ensureDataDir(resolveDataDir({ env: process.env }));
  const log = createFileLog(join(dataDir, 'logs', 'worker.log'), {
    role: 'worker',
    level: process.env.CLAUDE_MEM_LOG_LEVEL,
  });
  const shutdown = new Shutdown(log);
  const end = prepareEnd({ shutdown, log, release: closeChannel });
  obeySupervisor(end);
  try {
    const worker = await startWorker(await assemble(dataDir, shutdown, log));
    process.on('message', (message) => {
      if (isSupervisorMessage(message) && message.type === 'recycle-chroma')
        worker.recycleChroma(message.reason, message.restMs ?? 0);
    });
  } catch (error) {
    if (shutdown.isBegun) return;
    log.error('the worker cannot run', { error });
    reportFailure(error);
    end('it cannot run', { exitCode: 1 });
  }
}

async function assemble(dataDir: string, shutdown: Shutdown, log: Log): Promise<WorkerOptions> {
  const settings = readSettings(dataDir, process.env);
  const treeId = process.env[MARKS.tree] ?? randomUUID();
  const { own, processPorts, vectorsGuard, observe } = await loadAdapters(dataDir, log);
  const processes = processPorts(recorder(log));
  const household = { dataDir, treeId, own, env: process.env, processes, log };
  return {
    identity: { treeId, pid: process.pid, version },
    settings,
    token: ensureToken(dataDir),
    channel: process,
    shutdown,
    observe,
    log,
    spool: new Spool(dataDir),
    searchServer: {
      script: join(__dirname, 'search-server.js'),
      env: { CLAUDE_MEM_WORKER_HOST: settings.workerHost, CLAUDE_MEM_WORKER_PORT: String(settings.workerPort) },
      household,
    },
    page: {
      folder: join(__dirname, 'page'),
      readSamples: () => readSamples(dataDir),
      // In this order: a supervisor that answered and then ended must not be shown as one that runs.
      look: async () => ({ status: await askSupervisor(dataDir), observation: await observe() }),
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
  };
}

/** Undefined where it does not answer. */
async function askSupervisor(dataDir: string): Promise<TreeStatus | undefined> {
  const connection = await connectToSupervisor(dataDir);
  try {
    return (await connection?.request('status', {}, SUPERVISOR_ANSWER_MS)) as TreeStatus | undefined;
  } catch {
    // The page says that it does not answer.
    return undefined;
  } finally {
    connection?.close();
  }
}

/** The supervisor alone writes the manifest. */
function recorder(log: Log): TreeRecorder {
  if (isSupervised) return createIpcRecorder(process);
  log.warn('not started by a supervisor: what this worker starts is not recorded');
  return { register: () => Promise.resolve(), ended: () => Promise.resolve() };
}

function obeySupervisor(end: EndProgram): void {
  if (!isSupervised) return;
  const orphaned = (): void => {
    end('the supervisor is gone');
  };
  process.on('disconnect', orphaned);
  process.on('message', (message) => {
    if (!isSupervisorMessage(message) || message.type !== 'shutdown') return;
    end('asked by the supervisor', { withinMs: message.deadlineMs });
  });
  // It may have gone before anybody listened.
  if (!process.connected) orphaned();
}

function closeChannel(): void {
  if (process.connected) process.disconnect();
}

/** The log may be what failed: the supervisor, and what it keeps of stderr, must know as well. */
function reportFailure(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${error instanceof Error ? (error.stack ?? message) : message}\n`);
  sendToSupervisor(process, { type: 'failed', message });
}

main().catch((error: unknown) => {
  reportFailure(error);
  process.exitCode = 1;
  closeChannel();
});
