import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOldWorkerApp } from '../core/tree/pm2.ts';
import type {
  ChromaPort,
  DoctorPorts,
  FolderPort,
  SafetyFeatures,
  TreePort,
  WorkerReadiness,
} from '../operations/ports/doctor.ts';
import { askForStatus } from '../operations/tree/tree-lifecycle.ts';
import type { Platform } from '../platform/index.ts';
import { namedPipes } from '../platform/named-pipes.ts';
import { isPortOpen } from '../platform/loopback.ts';
import { findPortProblem } from '../platform/port-check.ts';
import { parentDeathPrefix } from '../chroma/parent-death.ts';
import { askSocket, type SocketAnswer, type SocketRequest } from '../shared/ask-socket.ts';
import { folderFacts } from '../state/files/folder-facts.ts';
import { pathsOpenToOthers } from '../state/files/private-folder.ts';
import { LogTail, logNames } from '../state/files/log-files.ts';
import { readPm2Apps } from '../state/trees/pm2-home.ts';
import { readSettings } from '../state/settings/settings.ts';
import { readToken } from '../state/control/token.ts';
import { findWorkerSocket } from '../state/control/worker-socket.ts';
import { commandOn } from '../cli/terminal/hint.ts';
import { createTreeContext } from './cli-tree.ts';
import type { ResolvedTarget } from './doctor-target.ts';
import { readGuardStatus } from './guard.ts';
import { readInstalledHooks } from './installed-hooks.ts';
import { VERSION } from '../shared/version.ts';

/** In milliseconds. */
const WORKER_ANSWER_MS = 3_000;

export interface AdapterSource {
  readonly target: ResolvedTarget;
  readonly platform: Platform;
  readonly chroma: ChromaPort;
  /** Value of `--data-dir`, repeated in suggested commands. */
  readonly dataDirFlag: string | undefined;
}

/** The adapters of this machine for the checks. */
export function createDoctorPorts({ target, platform, chroma, dataDirFlag }: AdapterSource): DoctorPorts {
  const { dataDir } = target;
  return {
    target: {
      dataDir,
      dataDirProblem: target.problem,
      version: VERSION,
      platform: process.platform,
      node: { version: process.version, file: process.execPath },
      uid: process.geteuid?.(),
      commandLine: (...words) => commandOn(dataDirFlag, ...words),
    },
    folder: folderPort(platform),
    tree: treePort(target, platform),
    chroma,
    machine: {
      memory: () => platform.load?.memory(),
      limits: () => platform.load?.limits() ?? { openFiles: undefined, processes: [] },
      safetyFeatures: () => findSafetyFeatures(platform),
      sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    },
    others: {
      hooks: () => readInstalledHooks({ home: homedir(), cwd: process.cwd(), searchPath: process.env.PATH }),
      guard: () => readGuardStatus(dataDir),
      pm2: () => {
        const found = readPm2Apps(homedir(), process.env);
        return found && { folder: found.folder, saved: found.apps.filter(isOldWorkerApp) };
      },
    },
    logs: { lastLines: (count) => lastLines(dataDir, count) },
  };
}

function folderPort({ accessLists }: Platform): FolderPort {
  if (accessLists === undefined) return folderFacts;
  return {
    ...folderFacts,
    access: accessLists.read,
    pathsOpenToOthers: (dataDir) => pathsOpenToOthers(dataDir, accessLists),
  };
}

function treePort({ dataDir, context }: ResolvedTarget, platform: Platform): TreePort {
  const usable = () => {
    if (context === undefined) throw new Error('the data dir cannot be used');
    return context;
  };
  return {
    observe: () => usable().observe({ memory: true }),
    readSettings: () => readSettings(dataDir, process.env),
    askSupervisor: async () => {
      const { clock } = usable();
      const status = await askForStatus(createTreeContext(usable()).connect, clock);
      // A late supervisor is visible in the process table.
      return status === 'late' ? undefined : status;
    },
    askHealth: async (signal) => {
      const { treeId, pid, version } = await askWorker(dataDir, { path: '/health', signal });
      if (typeof treeId !== 'string' || typeof pid !== 'number') throw new Error('another program answered');
      return { treeId, pid, version: typeof version === 'string' ? version : '?' };
    },
    askReady: async (signal) => {
      const answer = await askWorker(dataDir, { path: '/ready', token: readToken(dataDir), signal });
      if (!('search' in answer && 'searchServer' in answer)) throw new Error('another program answered');
      // The version check reports a worker of another build.
      return answer as unknown as WorkerReadiness;
    },
    isPortOpen,
    findPortProblem: (address) => findPortProblem(address, platform),
    findListener: platform.findListener,
  };
}

/** @throws Error without an answer within 3 s, or with a status other than 200. */
async function askWorker(
  dataDir: string,
  question: Pick<SocketRequest, 'path' | 'token' | 'signal'>,
): Promise<SocketAnswer['body']> {
  const socketPath = findWorkerSocket(dataDir, namedPipes);
  const asked = { socketPath, pipes: namedPipes, withinMs: WORKER_ANSWER_MS, ...question };
  const { status, body } = await askSocket(asked);
  if (status !== 200) throw new Error(`it answered ${status}`);
  return body;
}

async function findSafetyFeatures(platform: Platform): Promise<SafetyFeatures> {
  const adoption = platform.loadAdoption();
  return {
    parentDeath: (await parentDeathPrefix(process.platform)).length > 0,
    native: adoption !== null,
    job: platform.endWithSelf() !== null,
    // Harmless: this process has no children that outlive it.
    subreaper: adoption?.become() ?? false,
    signals: platform.signaller.method,
    bootId: platform.readMachine().bootId !== undefined,
  };
}

function lastLines(dataDir: string, count: number): ReadonlyMap<string, readonly string[]> {
  return new Map(logNames(dataDir).map((name) => [name, new LogTail(dataDir, name).read().slice(-count)]));
}
