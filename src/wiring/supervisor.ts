import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readSync } from 'node:fs';
import { homedir, uptime } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { BYTES_PER_MB } from '../core/health/chroma-limits.ts';
import { MARKS } from '../core/tree/marks.ts';
import type { Settings } from '../core/settings.ts';
import { type Observation, observe, takeReading } from '../operations/observe/observe.ts';
import { LeakMeter } from '../operations/tree/leak-meter.ts';
import { TreeMeter } from '../operations/tree/tree-meter.ts';
import type { OwnIdentity } from '../operations/ports/tree.ts';
import type { Log } from '../shared/log.ts';
import { identifySelf, loadPlatform, type OrphanAdoption, type Platform } from '../platform/index.ts';
import { namedPipes } from '../platform/named-pipes.ts';
import { ClaudeMemError } from '../shared/errors.ts';
import { exitNow } from '../shared/exit.ts';
import { createFileLog } from '../shared/log.ts';
import { preferMemoryToSpeed } from '../shared/prefer-memory-to-speed.ts';
import { assertPlaceForSocket } from '../shared/private-socket.ts';
import { claimSocketPath } from '../state/control/control-socket-path.ts';
import { ensureDataDir, resolveDataDir } from '../state/files/data-dir.ts';
import { acquireLock, loadLocks } from '../state/locks/lock.ts';
import { openSampleStore } from '../state/history/samples.ts';
import { readSettings } from '../state/settings/settings.ts';
import { hasStopIntent } from '../state/trees/stop-intent.ts';
import { openTreeStore } from '../state/trees/trees.ts';
import { readingPorts, systemClock } from './adapters.ts';
import type { AdoptionDuty } from '../supervisor/adopted-children.ts';
import { ChromaKeeper } from '../supervisor/chroma-keeper.ts';
import { createOwnManifest } from '../supervisor/own-manifest.ts';
import { CachedReading } from '../supervisor/cached-reading.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { TreeVitals } from '../supervisor/vitals.ts';
import { DEFAULT_GRACE_MS, watchOver } from '../supervisor/watch-over.ts';
import { VERSION } from '../shared/version.ts';
import { keepCompiledCode } from './entry/keep-compiled.ts';

/** A supervisor that is exiting releases its lock within this time, in milliseconds. */
const LOCK_WAIT_MS = 2_000;
/** Processes with marks are read every time. An exec in another process may stay unseen for this time, in milliseconds. */
const FULL_LOOK_EVERY_MS = 60_000;

/**
 * `start` looks for leftovers while this process loads, and then releases it with a byte on stdin. If stdin closes instead, also because
 * `start` was killed, this process exits and has changed nothing.
 */
async function waitToBeReleased(): Promise<void> {
  await Promise.all([loadPlatform(), loadLocks()]);
  if (readSync(0, Buffer.alloc(1)) === 0) exitNow(0);
}

async function main(): Promise<void> {
  if (process.argv.includes('--held')) await waitToBeReleased();
  const dataDir = ensureDataDir(resolveDataDir({ env: process.env }));
  const treeId = process.env[MARKS.tree] ?? randomUUID();
  const logs = join(dataDir, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const log = createFileLog(join(logs, 'supervisor.log'), { role: 'supervisor' });
  const platform = await loadPlatform();
  const own = identifySelf(platform);
  const socket = claimSocketPath(dataDir, 'supervisor.sock', { pipes: namedPipes });
  if (namedPipes === undefined) assertPlaceForSocket(socket);
  const lock = await acquireLock(join(dataDir, 'supervisor.lock'), {
    waitMs: LOCK_WAIT_MS,
    holder: {
      pid: own.pid,
      command: 'claude-mem start',
      socket,
      ...(own.startTicks === undefined ? {} : { startTicks: own.startTicks }),
    },
  });
  log.info('supervisor started', { treeId, version: VERSION, dataDir });

  const reading = readingPorts(platform, dataDir);
  // This process answers for this tree itself, so it does not ask its own socket.
  const ports = { ...reading, records: { ...reading.records, askAnswering: () => Promise.resolve([treeId]) } };
  const observeAll = () => observe(ports, { dataDir, memory: false });
  const followed = { ...ports, table: platform.follow(FULL_LOOK_EVERY_MS) };
  const look = new CachedReading(() => observe(followed, { dataDir, memory: false }), {
    now: () => systemClock.now(),
    cpuMs: cpuTimeMs,
  });
  const settings = readSettings(dataDir, process.env);
  const supervisor = new Supervisor({
    own,
    treeId,
    version: VERSION,
    dataDir,
    settings,
    manifest: createOwnManifest(openTreeStore(dataDir), { treeId, dataDir, own, command: process.argv }),
    workerScript: join(__dirname, 'worker.js'),
    env: withoutMarks(process.env),
    home: homeFolder(),
    crashLog: join(logs, 'crash.log'),
    identify: platform.identify,
    endWithSelf: platform.endWithSelf(),
    observe: observeAll,
    takeReading: () => takeReading(ports, { dataDir, memory: false }),
    signaller: platform.signaller,
    clock: systemClock,
    log,
    isStopIntended: () => hasStopIntent(dataDir, treeId),
  });

  const cleanups: (() => unknown)[] = [
    () => {
      lock.release();
    },
  ];
  const stop = (graceMs: number): Promise<boolean> => {
    // A command waits for the stop, which reads much: avoid full garbage collections.
    setFlagsFromString('--no-gc-global');
    return supervisor.stop(graceMs);
  };
  const end = async (graceMs: number): Promise<void> => {
    const isClean = await stop(graceMs);
    if (!isClean) process.exitCode = 1;
    // If the data dir was removed or replaced, the file at our socket path may belong to another supervisor.
    if (!lock.isInPlace()) exitNow(Number(process.exitCode ?? 0));
    for (const cleanup of cleanups.splice(0)) await cleanup();
    // `start --foreground` waits at the other end of the channel.
    if (process.connected) process.disconnect();
  };
  supervisor.onStopped(() => void end(DEFAULT_GRACE_MS));
  // A second signal forces.
  const endBySignal = () => {
    if (supervisor.isStopping) supervisor.force();
    else void end(DEFAULT_GRACE_MS);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGBREAK'] as const) process.on(signal, endBySignal);
  // The worker starts before the monitoring, because `start` waits for the worker.
  supervisor.startWorker();
  try {
    const vitals = createVitals(supervisor, { dataDir, treeId, own, settings, platform, look, log });
    await watchOver(supervisor, {
      ...{ dataDir, socket, pipes: namedPipes, vitals, log, cleanups },
      greeting: { claudeMem: 1, version: VERSION, treeId },
      adopt: () => {
        const adoption = becomeSubreaper(platform.loadAdoption());
        return adoption === undefined ? undefined : dutyOf(supervisor, adoption, { observeAll, look, log });
      },
      stop,
      isLockInPlace: () => lock.isInPlace(),
      end: () => end(DEFAULT_GRACE_MS),
    });
  } catch (error) {
    await end(DEFAULT_GRACE_MS);
    throw error;
  }
  // A stop that began meanwhile did not run the cleanups that were just added.
  if (supervisor.isStopping) await end(DEFAULT_GRACE_MS);
  keepCompiledCode();
  preferMemoryToSpeed();
}

function dutyOf(
  supervisor: Supervisor,
  adoption: OrphanAdoption,
  { observeAll, look, log }: { observeAll: () => Promise<Observation>; look: CachedReading; log: Log },
): AdoptionDuty {
  return {
    observe: observeAll,
    recent: (maxAgeMs) => look.recent(maxAgeMs),
    listChildren: () => adoption.listChildren(),
    waitFor: (pid) => {
      adoption.waitFor(pid);
    },
    isSpawned: (pid) => supervisor.hasSpawned(pid),
    cleanUp: () => supervisor.cleanUp(),
    log,
  };
}

interface VitalsParts {
  readonly dataDir: string;
  readonly treeId: string;
  readonly own: OwnIdentity;
  readonly settings: Settings;
  readonly platform: Platform;
  readonly look: CachedReading;
  readonly log: Log;
}

function createVitals(supervisor: Supervisor, parts: VitalsParts): TreeVitals {
  const { dataDir, treeId, own, settings, platform, look, log } = parts;
  const store = openSampleStore(dataDir);
  const keeper = new ChromaKeeper({
    limits: {
      memoryBytes: settings.chromaMemoryLimitMb * BYTES_PER_MB,
      cpuPercent: settings.chromaCpuLimitPercent,
    },
    recycle: (reason, restMs) => {
      supervisor.sendToWorker({ type: 'recycle-chroma', reason, restMs });
    },
    signaller: platform.signaller,
    clock: systemClock,
    log,
  });
  return new TreeVitals({
    treeId,
    bootId: own.scope.bootId,
    look,
    meter: new TreeMeter(treeId, platform.measure),
    leakMeter: new LeakMeter(platform.measure),
    keeper,
    append: (sample) => {
      store.append(sample);
    },
    status: () => supervisor.status(),
    parts: () => supervisor.parts,
    cleanUp: () => supervisor.cleanUp(),
    uptimeMs: () => Math.round(uptime() * 1000),
    clock: systemClock,
    log,
  });
}

function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A user may be missing in the user database, and a home folder may be removed. */
function homeFolder(): string {
  try {
    const home = homedir();
    return existsSync(home) ? home : '/';
  } catch {
    return '/';
  }
}

function becomeSubreaper(adoption: OrphanAdoption | null): OrphanAdoption | undefined {
  return adoption?.become() === true ? adoption : undefined;
}

function withoutMarks(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, [MARKS.tree]: undefined, [MARKS.owner]: undefined, [MARKS.role]: undefined };
}

main().catch((error: unknown) => {
  const isForeseen = error instanceof ClaudeMemError;
  const text = error instanceof Error ? (isForeseen ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`${text}\n`);
  // All child processes are ended by now. Open handles must not keep this process alive.
  exitNow(1);
});
