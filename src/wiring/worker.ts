import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MARKS } from '../core/tree/marks.ts';
import type { Settings } from '../core/settings.ts';
import { createIpcRecorder, isSupervisorMessage, sendToSupervisor } from '../operations/tree/tree-messages.ts';
import type { TreeStatus } from '../operations/tree/tree-lifecycle.ts';
import type { TreeRecorder } from '../operations/ports/tree.ts';
import { namedPipes } from '../platform/named-pipes.ts';
import { limitGarbage } from '../shared/limit-garbage.ts';
import type { Log } from '../shared/log.ts';
import { createFileLog } from '../shared/log.ts';
import { connectToSupervisor } from '../state/control/control-client.ts';
import { claimSocketPath } from '../state/control/control-socket-path.ts';
import { ensureDataDir, resolveDataDir } from '../state/files/data-dir.ts';
import { readSamples } from '../state/history/samples.ts';
import { readSettings, readValidSettings } from '../state/settings/settings.ts';
import { writeExcludedProjects, writeHookScript } from '../state/spool/hook-script-file.ts';
import { Spool } from '../state/spool/spool.ts';
import { ensureToken } from '../state/control/token.ts';
import { noteWorkerSocket } from '../state/control/worker-socket.ts';
import { withRealFolders } from './exclusion.ts';
import { type Adapters, loadAdapters } from './services.ts';
import { type EndProgram, prepareEnd } from '../shared/end-of-program.ts';
import { Shutdown } from '../shared/shutdown.ts';
import type { SearchClientOptions } from '../worker/search-client.ts';
import { type SearchServerSpawn, spawnSearchServer } from '../worker/search-server-process.ts';
import { messageOf } from '../shared/errors.ts';
import { VERSION } from '../shared/version.ts';
import { keepCompiledCode } from './entry/keep-compiled.ts';

/** Without a supervisor, child processes are not recorded and are known by their marks alone. */
const isSupervised = process.send !== undefined;

/** Milliseconds. */
const SUPERVISOR_ANSWER_MS = 1_000;

async function main(): Promise<void> {
  const dataDir = ensureDataDir(resolveDataDir({ env: process.env }));
  const log = createFileLog(join(dataDir, 'logs', 'worker.log'), {
    role: 'worker',
    level: readValidSettings(dataDir, process.env).logLevel,
  });
  const shutdown = new Shutdown(log);
  const end = prepareEnd({ shutdown, log, release: closeChannel });
  obeySupervisor(end);
  try {
    const settings = readSettings(dataDir, process.env);
    renewHookScript(dataDir, settings, log);
    const adapters = await loadAdapters(dataDir, log);
    const searchServer = beginSearchServer(dataDir, { settings, adapters, log });
    shutdown.add('search server', async (withinMs) => {
      await searchServer.first?.end(withinMs);
    });
    const { runWorker } = await import('./run-worker.ts');
    const socket = claimSocketPath(dataDir, 'worker.sock', { pipes: namedPipes });
    const worker = await runWorker({
      ...{ version: VERSION, settings, shutdown, adapters, searchServer },
      token: ensureToken(dataDir),
      socket: {
        path: socket,
        pipes: namedPipes,
        note: () => {
          noteWorkerSocket(dataDir, socket);
        },
      },
      spool: new Spool(dataDir),
      readSamples: () => readSamples(dataDir),
      askSupervisor: () => askSupervisor(dataDir),
    });
    process.on('message', (message) => {
      if (isSupervisorMessage(message) && message.type === 'recycle-chroma')
        worker.recycleChroma(message.reason, message.restMs ?? 0);
    });
    keepCompiledCode();
    // After the cache of compiled code is written: V8 rejects code of other flags.
    shutdown.add('garbage collection', limitGarbage());
  } catch (error) {
    if (shutdown.isBegun) return;
    log.error('the worker cannot run', { error });
    reportFailure(error);
    end('it cannot run', { exitCode: 1 });
  }
}

/** A script that spools for this worker, also after an upgrade. */
function renewHookScript(dataDir: string, { excludedProjects }: Settings, log: Log): void {
  try {
    writeExcludedProjects(dataDir, withRealFolders(excludedProjects, homedir()));
    writeHookScript(dataDir, process.platform);
  } catch (error) {
    log.warn('could not write the hook script', { error });
  }
}

/**
 * Spawns the search server before the rest of this program is loaded. Both take about as long, and `start` waits for both.
 */
function beginSearchServer(
  dataDir: string,
  { settings, adapters: { own, processPorts }, log }: { settings: Settings; adapters: Adapters; log: Log },
): SearchClientOptions {
  const treeId = process.env[MARKS.tree] ?? randomUUID();
  const spawn: SearchServerSpawn = {
    script: join(__dirname, 'search-server.js'),
    env: { CLAUDE_MEM_WORKER_HOST: settings.workerHost, CLAUDE_MEM_WORKER_PORT: String(settings.workerPort) },
    household: { dataDir, treeId, own, env: process.env, processes: processPorts(recorder(log)), log },
  };
  return { ...spawn, first: spawnSearchServer(spawn) };
}

/** Undefined if the supervisor does not answer. */
async function askSupervisor(dataDir: string): Promise<TreeStatus | undefined> {
  const connection = await connectToSupervisor(dataDir, { pipes: namedPipes });
  if (connection === 'late') return undefined;
  try {
    return (await connection?.request('status', {}, SUPERVISOR_ANSWER_MS)) as TreeStatus | undefined;
  } catch {
    // The page reports a supervisor that does not answer.
    return undefined;
  } finally {
    connection?.close();
  }
}

/** Only the supervisor writes the manifest. */
function recorder(log: Log): TreeRecorder {
  if (isSupervised) return createIpcRecorder(process);
  log.warn('no supervisor started this worker, so its child processes are not recorded');
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
  // The supervisor may have exited before the listeners were added.
  if (!process.connected) orphaned();
}

function closeChannel(): void {
  if (process.connected) process.disconnect();
}

/** Reports to stderr and the supervisor as well, because the log itself may have failed. */
function reportFailure(error: unknown): void {
  const message = messageOf(error);
  process.stderr.write(`${error instanceof Error ? (error.stack ?? message) : message}\n`);
  sendToSupervisor(process, { type: 'failed', message });
}

main().catch((error: unknown) => {
  reportFailure(error);
  process.exitCode = 1;
  closeChannel();
});
