import { existsSync } from 'node:fs';
import type { ChromaPort } from '../operations/ports/doctor.ts';
import type { Settings } from '../core/settings.ts';
import { modelFolder, modelProblem } from './embedding-model.ts';
import { ChromaFailure } from './failure.ts';
import { fetchPackages } from './fetch-packages.ts';
import { homeOf } from './home.ts';
import { askForPython, uvBeside } from './setup/python-step.ts';
import { runProgram } from './setup/run-program.ts';
import type { SetupDependencies } from './setup/step.ts';
import { askVersion } from './setup/uvx-step.ts';
import { findUvx, type Uvx } from './uvx.ts';

/** Upper limit in milliseconds. Normally the signal of the check ends a probe earlier. */
const DEADLINE_MS = 120_000;

export interface PartsSource extends Omit<SetupDependencies, 'settings'> {
  /** @throws ClaudeMemError `settings`. */
  readonly settings: () => Settings;
}

export interface ChromaProbe extends ChromaPort {
  /** Resolves when every started process has ended. */
  readonly idle: () => Promise<void>;
}

/**
 * Checks Chroma's parts as a launch would find them. Its processes are marked but not recorded, because a check writes
 * nothing.
 */
export function probeChroma(source: PartsSource): ChromaProbe {
  const running = new Set<Promise<unknown>>();
  const home = homeOf(source.env);
  const find = (env = source.env) => findUvx({ setting: source.settings().uvx, env, home, dataDir: source.dataDir });
  const withUvx = async <Result>(
    look: (uvx: Uvx, dependencies: SetupDependencies) => Promise<Result>,
  ): Promise<Result> => {
    const uvx = find();
    if ('reason' in uvx) throw new ChromaFailure('no-uvx', uvx.reason);
    const work = look(uvx, { ...source, settings: source.settings() });
    running.add(work);
    try {
      return await work;
    } finally {
      running.delete(work);
    }
  };
  return {
    findUvx: (path) => find(path === undefined ? source.env : { ...source.env, PATH: path }),
    askVersion: (signal) =>
      withUvx((uvx, dependencies) => askVersion(uvx, dependencies, { deadlineMs: DEADLINE_MS, signal })),
    findPython: (signal) => withUvx((uvx, dependencies) => findPython(uvx, dependencies, signal)),
    arePackagesCached: (signal) => withUvx((uvx, dependencies) => arePackagesCached(uvx, dependencies, signal)),
    modelProblem: () => modelProblem(home),
    modelFolder: modelFolder(home),
    idle: async () => {
      await Promise.allSettled(running);
    },
  };
}

async function findPython(uvx: Uvx, dependencies: SetupDependencies, signal: AbortSignal): Promise<string | undefined> {
  const uv = uvBeside(uvx);
  if (uv === undefined) return undefined;
  // Without this option uv writes what it learns about each Python.
  const command = [uv, 'python', 'find', '--no-cache', '--offline', dependencies.settings.pythonVersion];
  return await askForPython(command, dependencies, { deadlineMs: DEADLINE_MS, signal });
}

async function arePackagesCached(uvx: Uvx, dependencies: SetupDependencies, signal: AbortSignal): Promise<boolean> {
  const bounds = { deadlineMs: DEADLINE_MS, signal };
  // uv creates its folders whenever it runs. Without a cache, it is not run.
  const uv = uvBeside(uvx);
  if (uv !== undefined) {
    const { output } = await runProgram([uv, 'cache', 'dir'], dependencies, {
      ...bounds,
      doing: "looking for uv's cache",
    });
    const cache = output.find((line) => line.startsWith('/'));
    if (cache !== undefined && !existsSync(cache)) return false;
  }
  try {
    await fetchPackages(uvx, dependencies, { ...bounds, isOffline: true });
    return true;
  } catch (error) {
    if (error instanceof ChromaFailure && error.kind === 'not-cached') return false;
    throw error;
  }
}
