import { type RunBounds, runBounded } from './bounded-run.ts';
import { prewarmCommand } from './command.ts';
import type { ChromaDependencies } from './dependencies.ts';
import { childEnvironment } from './environment.ts';
import { explainExit } from './failure.ts';
import { parentDeathPrefix } from './parent-death.ts';
import { usableHome } from './home.ts';
import type { Uvx } from './uvx.ts';

export interface FetchOptions extends Pick<RunBounds, 'deadlineMs' | 'signal'> {
  readonly isOffline: boolean;
  readonly onLine?: (line: string) => void;
}

/**
 * Makes uv download Chroma's packages into its cache. Offline, only checks that they are cached and importable.
 * @throws ChromaFailure; nothing is then left running.
 */
export async function fetchPackages(
  uvx: Uvx,
  dependencies: Omit<ChromaDependencies, 'role' | 'vectors'>,
  { isOffline, onLine, ...bounds }: FetchOptions,
): Promise<void> {
  const command = prewarmCommand(uvx, dependencies, {
    isOffline,
    prefix: await parentDeathPrefix(dependencies.platform),
  });
  const spawn = {
    ...command,
    role: 'setup',
    env: childEnvironment(dependencies, 'setup'),
    cwd: usableHome(dependencies.env),
    ...(onLine === undefined ? {} : { onLine }),
  } as const;
  const doing = isOffline ? "looking for Chroma's packages" : "downloading Chroma's packages";
  const { exit, output } = await runBounded(spawn, dependencies, { ...bounds, doing });
  if (exit.code !== 0) throw explainExit(exit, output, dependencies.settings.pythonVersion);
}
