import { statSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine } from '../core/process/command-line.ts';
import type { Clock } from '../operations/ports/process.ts';
import { tidyTrees } from '../operations/tree/tidy-trees.ts';
import { whyUnwritten } from '../operations/tree/unwritten.ts';
import type { ConnectToSupervisor, LifecyclePorts, TreeStatus } from '../operations/tree/tree-lifecycle.ts';
import { openBrowser } from '../platform/browser.ts';
import { loadPlatform } from '../platform/index.ts';
import { namedPipes } from '../platform/named-pipes.ts';
import { ClaudeMemError } from '../shared/errors.ts';
import { assertPlaceForSocket } from '../shared/private-socket.ts';
import { connectToSupervisor } from '../state/control/control-client.ts';
import { usualSocketPath } from '../state/control/control-socket-path.ts';
import { ensureDataDir } from '../state/files/data-dir.ts';
import { logsFolder, beginCrashLog, LogTail } from '../state/files/log-files.ts';
import { isLockFree } from '../state/locks/lock.ts';
import { readLockHolder } from '../state/locks/lock-holder.ts';
import { networkFileSystemOf } from '../state/files/network-file-system.ts';
import { probeRecords } from '../state/trees/probe-records.ts';
import { readSettings } from '../state/settings/settings.ts';
import { readToken } from '../state/control/token.ts';
import { findWorkerSocket } from '../state/control/worker-socket.ts';
import { hasStopIntent, removeOldIntents, writeStopIntent } from '../state/trees/stop-intent.ts';
import type { Context, TreeContext } from '../cli/context.ts';
import { assertPortFree } from '../platform/port-check.ts';
import { overrides, spawnSupervisor } from './spawn-supervisor.ts';

const STATUS_WITHIN_MS = 2_000;
/** A supervisor that just exited releases its lock within this time, in milliseconds. */
const LOCK_PATIENCE_MS = 2_000;
const LOCK_POLL_MS = 20;
/** The supervisor answers a stop within the grace period. This time is added for the transfer, in milliseconds. */
const STOP_ANSWER_SLACK_MS = 500;

export function createTreeContext(context: Context): TreeContext {
  const { dataDir } = context;
  const connect: ConnectToSupervisor = (withinMs) => connectTo(dataDir, withinMs);
  const lifecycle = async (): Promise<LifecyclePorts> => ({
    takeReading: () => context.takeReading({ memory: false }),
    connect,
    signaller: await context.signaller(),
    clock: context.clock,
    intendStop: (treeId) => {
      writeStopIntent(dataDir, treeId, new Date().toISOString());
    },
    isStopIntended: (treeId) => hasStopIntent(dataDir, treeId),
  });
  let spawnedAt = new Date(0);
  return {
    prepareDataDir: async () => {
      ensureDataDir(dataDir, (await loadPlatform()).accessLists);
      await context.assertMayAct();
    },
    connect,
    lifecycle,
    worker: {
      findSocket: () => findWorkerSocket(dataDir, namedPipes),
      pipes: namedPipes,
      readToken: () => readToken(dataDir),
    },
    openBrowser: (url) => openBrowser(url, process.platform, process.env),
    start: async (options) => {
      await namedPipes?.assertUsable();
      const settings = readSettings(dataDir, { ...process.env, ...overrides(options) });
      let ended: Promise<number | null> = Promise.resolve(0);
      return {
        ...(await lifecycle()),
        spawnSupervisor: () => {
          spawnedAt = context.clock.date();
          const spawned = spawnSupervisor(dataDir, beginCrashLog(dataDir), options);
          ({ ended } = spawned);
          return spawned;
        },
        supervisorEnded: () => ended,
        assertLockFree: () => assertLockFree(dataDir, context.clock),
        assertPortFree: async () => {
          for (const name of ['supervisor.sock', 'worker.sock'] as const) {
            const path = namedPipes === undefined ? usualSocketPath(dataDir, name) : undefined;
            if (path !== undefined) assertPlaceForSocket(path);
          }
          const address = { port: settings.workerPort, host: settings.workerHost };
          const flag = options.dataDirFlag === undefined ? [] : ['--data-dir', options.dataDirFlag];
          await assertPortFree(address, await loadPlatform(), (...words) => commandLine([...words, ...flag]));
        },
        underOperationLock: (action, interrupted = new AbortController().signal, goesOnWithout) =>
          context.underOperationLock(options.command, interrupted, action, goesOnWithout),
        tidy: (observation) => {
          tidyTrees(observation, context.trees());
          removeOldIntents(dataDir, context.clock.date());
        },
        onProgress: options.onProgress,
      };
    },
    warnings: () => {
      const type = networkFileSystemOf(dataDir);
      return type === undefined ? [] : [`The data dir ${dataDir} is on a network file system (${type}). ${ON_NETWORK}`];
    },
    lastLogLines: (count) => lastLogLines(dataDir, count, spawnedAt),
    whyUnrecordable: () =>
      whyUnwritten(() => {
        probeRecords(dataDir);
      }),
  };
}

const ON_NETWORK = 'Its locks may not work between machines, so run claude-mem on one machine at a time.';

async function connectTo(dataDir: string, withinMs: number | undefined): ReturnType<ConnectToSupervisor> {
  const connection = await connectToSupervisor(dataDir, {
    pipes: namedPipes,
    ...(withinMs === undefined ? {} : { withinMs }),
  });
  if (connection === undefined || connection === 'late') return connection;
  const { treeId, version } = connection;
  return {
    treeId,
    version,
    // Later versions only add fields, so the answer of another version fits this type too.
    status: async (waitMs = 0) =>
      (await connection.request('status', { waitMs }, waitMs + STATUS_WITHIN_MS)) as TreeStatus,
    stop: async (graceMs) => {
      await connection.request('stop', { graceMs }, graceMs + STOP_ANSWER_SLACK_MS);
    },
    close: () => {
      connection.close();
    },
  };
}

/**
 * Waits for the supervisor lock. A supervisor that cannot be ended, or that runs in another container, still holds it.
 * @throws ClaudeMemError `lock-held`.
 */
async function assertLockFree(dataDir: string, clock: Clock): Promise<void> {
  const path = join(dataDir, 'supervisor.lock');
  const deadline = clock.now() + LOCK_PATIENCE_MS;
  while (!(await isLockFree(path))) {
    if (clock.now() < deadline) {
      await clock.sleep(LOCK_POLL_MS);
      continue;
    }
    const holder = readLockHolder(path);
    const who =
      holder === undefined ? 'another process' : `pid ${holder.pid} (${holder.command}) since ${holder.since}`;
    throw new ClaudeMemError('lock-held', `${who} holds the supervisor lock of this data dir`, {
      hint: 'This process cannot be ended now, or it runs in another container with the same data dir. Stop it there.',
    });
  }
}

function lastLogLines(dataDir: string, count: number, since: Date): readonly string[] {
  for (const name of ['crash', 'worker', 'supervisor']) {
    const stats = statSync(join(logsFolder(dataDir), `${name}.log`), { throwIfNoEntry: false });
    const lines = stats !== undefined && stats.mtime >= since ? readTail(dataDir, name) : [];
    if (lines.length > 0) return lines.slice(-count);
  }
  return [];
}

/** Returns no lines for an unreadable log: that error must not hide why the start failed. */
function readTail(dataDir: string, name: string): readonly string[] {
  try {
    return new LogTail(dataDir, name).read();
  } catch (error) {
    if (error instanceof ClaudeMemError) return [];
    throw error;
  }
}
