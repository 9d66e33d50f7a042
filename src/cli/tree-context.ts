import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { marksFor } from '../core/marks.ts';
import type { SampleReading } from '../core/sample.ts';
import type { Clock } from '../operations/ports.ts';
import type { SpawnedSupervisor, StartPorts } from '../operations/start-tree.ts';
import { tidyTrees } from '../operations/tidy-trees.ts';
import type { LifecyclePorts, SupervisorConnection, TreeStatus } from '../operations/tree-lifecycle.ts';
import { openBrowser } from '../platform/browser.ts';
import { loadPlatform } from '../platform/index.ts';
import { ClaudeMemError, errnoOf } from '../shared/errors.ts';
import { connectToSupervisor } from '../state/control-client.ts';
import { ensureDataDir } from '../state/data-dir.ts';
import { LogTail, logNames, logsFolder } from '../state/log-files.ts';
import { isLockFree } from '../state/lock.ts';
import { readLockHolder } from '../state/lock-holder.ts';
import { networkFileSystemOf } from '../state/network-file-system.ts';
import { readSettings } from '../state/settings.ts';
import { readToken } from '../state/token.ts';
import { hasStopIntent, removeOldIntents, writeStopIntent } from '../state/stop-intent.ts';
import type { Context } from './context.ts';
import type { WorkerAddress } from './page-link.ts';

const STATUS_WITHIN_MS = 2_000;
/** One that was just ended gives its lock back within this, in milliseconds. */
const LOCK_PATIENCE_MS = 2_000;
const LOCK_POLL_MS = 20;
/** A stop answers when it is done; its own deadline ends it. This much more is for the way back. */
const STOP_ANSWER_SLACK_MS = 500;

export interface TreeContext {
  /** @throws ClaudeMemError `not-owner`, `data-dir`. */
  prepareDataDir(): void;
  connect(): Promise<SupervisorConnection | undefined>;
  lifecycle(): Promise<LifecyclePorts>;
  /** @throws ClaudeMemError `settings`. */
  workerAddress(): Pick<WorkerAddress, 'host' | 'readToken'>;
  /** False where there is none in front of the person. */
  openBrowser(url: string): Promise<boolean>;
  /** @throws ClaudeMemError `settings`. */
  start(options: StartEnvironment): Promise<StartPorts & Foreground>;
  /** What is to be said before a start, if anything. */
  warnings(): readonly string[];
  /** The last lines of the logs of this data dir that tell why a start failed. */
  lastLogLines(count: number): readonly string[];
}

export interface Foreground {
  /** Resolves with the exit code of the supervisor that was spawned last; null if a signal ended it. */
  readonly supervisorEnded: () => Promise<number | null>;
}

export interface StartEnvironment {
  /** Whom the operation lock names: `claude-mem start`. */
  readonly command: string;
  readonly port?: number | undefined;
  readonly chroma: boolean;
  readonly watch: boolean;
  /** Keep the supervisor in this terminal, and end it with this command. */
  readonly foreground: boolean;
  readonly onProgress: (doing: string) => void;
}

export function createTreeContext(context: Context): TreeContext {
  const { dataDir } = context;
  const connect = () => connectTo(dataDir);
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
  return {
    prepareDataDir: () => void ensureDataDir(dataDir),
    connect,
    lifecycle,
    workerAddress: () => ({
      host: readSettings(dataDir, process.env).workerHost,
      readToken: () => readToken(dataDir),
    }),
    openBrowser: (url) => openBrowser(url, process.platform, process.env),
    start: async (options) => {
      const settings = readSettings(dataDir, { ...process.env, ...overrides(options) });
      let ended: Promise<number | null> = Promise.resolve(0);
      return {
        ...(await lifecycle()),
        spawnSupervisor: () => {
          const spawned = spawnSupervisor(dataDir, options);
          ({ ended } = spawned);
          return spawned;
        },
        supervisorEnded: () => ended,
        assertLockFree: () => assertLockFree(dataDir, context.clock),
        assertPortFree: () => assertPortFree(settings.workerPort, settings.workerHost),
        underOperationLock: (action, interrupted = new AbortController().signal) =>
          context.underOperationLock(options.command, interrupted, action),
        tidy: (observation) => {
          tidyTrees(observation, context.trees());
          removeOldIntents(dataDir, context.clock.date());
        },
        onProgress: options.onProgress,
      };
    },
    warnings: () => {
      const type = networkFileSystemOf(dataDir);
      return type === undefined ? [] : [`The data dir ${dataDir} ${ON_NETWORK} (${type}).`];
    },
    lastLogLines: (count) => lastLogLines(dataDir, count),
  };
}

const ON_NETWORK =
  'is on a network file system: locks may not hold there between machines, so run claude-mem on one machine at a time';

async function connectTo(dataDir: string): Promise<SupervisorConnection | undefined> {
  const connection = await connectToSupervisor(dataDir);
  if (connection === undefined) return undefined;
  const { treeId, version } = connection;
  return {
    treeId,
    version,
    // Both ends are of one build or greet with their versions; a later one only adds fields.
    status: async () => (await connection.request('status', {}, STATUS_WITHIN_MS)) as TreeStatus,
    stop: async (graceMs) => {
      await connection.request('stop', { graceMs }, graceMs + STOP_ANSWER_SLACK_MS);
    },
    close: () => {
      connection.close();
    },
  };
}

function overrides({ port, chroma }: StartEnvironment): Readonly<Record<string, string>> {
  return {
    ...(port === undefined ? {} : { CLAUDE_MEM_WORKER_PORT: String(port) }),
    ...(chroma ? {} : { CLAUDE_MEM_CHROMA_ENABLED: 'false' }),
  };
}

interface OwnSupervisor extends SpawnedSupervisor {
  readonly ended: Promise<number | null>;
}

/**
 * In the background it gets a session of its own, because the terminal it was started from may close. In the foreground it stays in the
 * terminal, and a channel tells it when this command is killed: it ends the tree then.
 */
function spawnSupervisor(dataDir: string, options: StartEnvironment): OwnSupervisor {
  const { foreground, watch } = options;
  const treeId = randomUUID();
  mkdirSync(logsFolder(dataDir), { recursive: true, mode: 0o700 });
  // Begun anew: what a failed start shows is its own.
  const output = openSync(crashLogPath(dataDir), 'w', 0o600);
  try {
    const script = join(__dirname, 'supervisor.js');
    const flags = [...(watch ? ['--watch'] : []), ...(foreground ? ['--foreground'] : [])];
    const child = spawn(process.execPath, [script, ...flags], {
      env: {
        ...process.env,
        ...marksFor({ treeId, role: 'supervisor', dataDir }),
        ...overrides(options),
      },
      // A watched folder is the one it was started in; else it must hold no mount that somebody wants to unmount.
      cwd: watch ? process.cwd() : workFolder(),
      detached: !foreground,
      stdio: foreground ? ['ignore', 'ignore', 'inherit', 'ipc'] : ['ignore', output, output],
    });
    if (foreground) passSignalsOn(child);
    else child.unref();
    return { pid: child.pid ?? -1, treeId, ...whatBecomesOf(child) };
  } finally {
    closeSync(output);
  }
}

function whatBecomesOf(child: ChildProcess): Pick<OwnSupervisor, 'hasExited' | 'ended'> {
  return {
    hasExited: () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null,
    ended: new Promise((resolve) => {
      child.once('exit', resolve);
      child.once('error', () => {
        if (child.pid === undefined) resolve(1);
      });
    }),
  };
}

/** Ctrl-C reaches both: the supervisor ends the tree, and this command waits for it. These reach this command alone. */
function passSignalsOn(child: ChildProcess): void {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (child.connected) child.disconnect();
    });
  }
}

function workFolder(): string {
  return existsSync(homedir()) ? homedir() : '/';
}

/**
 * A supervisor that cannot be ended, or one in another container on the same data dir, still holds its lock.
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
    throw new ClaudeMemError('lock-held', `the lock of this data dir's supervisor is held by ${who}`, {
      hint: 'Either it cannot be ended now, or it runs in another container on the same data dir: stop it there.',
    });
  }
}

/**
 * A port is not an identity: whoever has it is named, and nobody is killed for it.
 * @throws ClaudeMemError `port-taken`.
 */
async function assertPortFree(port: number, host: string): Promise<void> {
  const server = createServer();
  const errno = await new Promise<string | undefined>((resolve) => {
    server.once('error', (error) => {
      resolve(errnoOf(error));
    });
    server.listen({ port, host, exclusive: true }, () => {
      resolve(undefined);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  if (errno === undefined) return;
  if (errno !== 'EADDRINUSE') {
    throw new ClaudeMemError('settings', `the worker cannot listen on ${host}:${port}: ${errno}`, {
      hint: 'Set CLAUDE_MEM_WORKER_HOST and CLAUDE_MEM_WORKER_PORT to a loopback address and a port above 1023.',
    });
  }
  const holder = (await loadPlatform()).findListener(port);
  const who =
    holder === undefined
      ? 'another process'
      : `pid ${holder.pid} (${holder.command === '' ? holder.name : holder.command})`;
  throw new ClaudeMemError('port-taken', `port ${port} is taken by ${who}`, {
    hint: 'End that process yourself, or start on another port: claude-mem start --port N',
  });
}

function crashLogPath(dataDir: string): string {
  return join(logsFolder(dataDir), 'crash.log');
}

function lastLogLines(dataDir: string, count: number): readonly string[] {
  const files = ['crash.log', 'worker.log', 'supervisor.log'].map((name) => join(logsFolder(dataDir), name));
  const found = files.find((file) => existsSync(file) && statSync(file).size > 0);
  if (found === undefined) return [];
  return readFileSync(found, 'utf8').trimEnd().split('\n').slice(-count);
}

/** The logs of a data dir. */
export function openLogs(dataDir: string): {
  readonly names: () => readonly string[];
  /** Returns a function that reads on each call what came since the last one. */
  readonly tail: (name: string) => () => readonly string[];
} {
  return {
    names: () => logNames(dataDir),
    tail: (name) => {
      const tail = new LogTail(dataDir, name);
      return () => tail.read();
    },
  };
}

/** What the supervisors of a data dir sampled. */
export async function readHistory(dataDir: string): Promise<SampleReading> {
  return (await import('../state/samples.ts')).readSamples(dataDir);
}
