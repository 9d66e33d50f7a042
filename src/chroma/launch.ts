import { OFF_IN_TREE } from '../core/health/chroma-off.ts';
import { mkdirSync } from 'node:fs';
import { chromaCommand, type Command, vectorsFolder } from './command.ts';
import { ChromaConnection } from './connection.ts';
import type { ChromaDependencies } from './dependencies.ts';
import { modelProblem } from './embedding-model.ts';
import { childEnvironment } from './environment.ts';
import { ChromaFailure } from './failure.ts';
import { fetchPackages } from './fetch-packages.ts';
import { homeOf, usableHome } from './home.ts';
import type { OwnedSpawn } from './owned-process.ts';
import { parentDeathPrefix } from './parent-death.ts';
import type { ChromaTiming } from './timing.ts';
import { findUvx, type Uvx } from './uvx.ts';

export interface LaunchOptions {
  readonly timing: ChromaTiming;
  readonly signal: AbortSignal;
  /** Called if the packages must be downloaded first, which takes minutes. */
  readonly onFetching: () => void;
}

/**
 * Checks the requirements of a launch with a few file lookups.
 * @throws ChromaFailure `off`, `no-uvx` or `no-model`.
 */
export function requireParts({ settings, env, dataDir }: ChromaDependencies): Uvx {
  if (!settings.chromaEnabled) throw new ChromaFailure('off', OFF_IN_TREE);
  const home = homeOf(env);
  const uvx = findUvx({ setting: settings.uvx, env, home, dataDir });
  if ('reason' in uvx) throw new ChromaFailure('no-uvx', uvx.reason);
  // Without the model Chroma starts, but its first query blocks on an 80 MB download.
  const problem = modelProblem(home);
  if (problem !== undefined) throw new ChromaFailure('no-model', problem);
  return uvx;
}

/** Begins what a launch needs and what nothing else has to wait for. */
export function prepareLaunch({ platform }: Pick<ChromaDependencies, 'platform'>): void {
  void parentDeathPrefix(platform);
}

/**
 * Starts chroma-mcp: first offline, which is faster and needs no network. Downloads missing packages once.
 * @throws ChromaFailure; nothing is then left running.
 */
export async function launchChroma(
  dependencies: ChromaDependencies,
  options: LaunchOptions,
): Promise<ChromaConnection> {
  const uvx = requireParts(dependencies);
  const prefix = await parentDeathPrefix(dependencies.platform);
  mkdirSync(vectorsFolder(dependencies.dataDir), { recursive: true, mode: 0o700 });
  const open = (isOffline: boolean): Promise<ChromaConnection> => {
    const spawn = chromaSpawn(chromaCommand(uvx, dependencies, { isOffline, prefix }), dependencies);
    const { timing, signal } = options;
    const { pythonVersion } = dependencies.settings;
    return ChromaConnection.open(spawn, dependencies, { connectMs: timing.connectMs, pythonVersion, signal });
  };
  try {
    return await open(true);
  } catch (error) {
    if (!(error instanceof ChromaFailure) || error.kind !== 'not-cached') throw error;
    options.onFetching();
    dependencies.log.info("downloading Chroma's packages (first use only)");
    const { signal, timing } = options;
    await fetchPackages(uvx, dependencies, { isOffline: false, deadlineMs: timing.prewarmMs, signal });
    // Not offline: a cache that is disabled or read-only still lacks the packages.
    return await open(false);
  }
}

function chromaSpawn(command: Command, dependencies: ChromaDependencies): OwnedSpawn {
  const { env, role, settings, log } = dependencies;
  return {
    ...command,
    role,
    env: childEnvironment(dependencies, role, { isRemote: settings.chromaMode === 'remote' }),
    cwd: usableHome(env),
    onLine: (line) => {
      log.debug('chroma-mcp output', { line });
    },
  };
}
