import { join } from 'node:path';
import type { ChromaDependencies } from './dependencies.ts';
import type { Uvx } from './uvx.ts';

/** The version that constraints.txt was made for. */
export const CHROMA_MCP = 'chroma-mcp==0.2.6';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** The package that uvx runs. */
export type PackageRequest = Pick<ChromaDependencies, 'constraintsFile'> & {
  readonly settings: Pick<ChromaDependencies['settings'], 'pythonVersion'>;
};

/** Folder of Chroma's files in a data dir. */
export function vectorsFolder(dataDir: string): string {
  return join(dataDir, 'vectors');
}

/** The whole `uvx … chroma-mcp` command line; `prefix` precedes it (see parent-death.ts). */
export function chromaCommand(
  uvx: Uvx,
  dependencies: Pick<ChromaDependencies, 'dataDir' | 'constraintsFile' | 'settings'>,
  { isOffline, prefix }: { readonly isOffline: boolean; readonly prefix: readonly string[] },
): Command {
  const args = [...packageArguments(uvx, dependencies, isOffline), 'chroma-mcp', ...clientArguments(dependencies)];
  return withPrefix(prefix, uvx.file, args);
}

/** Downloads the packages and exits. Cached packages then start offline. */
export function prewarmCommand(
  uvx: Uvx,
  request: PackageRequest,
  { isOffline, prefix }: { readonly isOffline: boolean; readonly prefix: readonly string[] },
): Command {
  return withPrefix(prefix, uvx.file, [...packageArguments(uvx, request, isOffline), 'chroma-mcp', '--help']);
}

function packageArguments(uvx: Uvx, { constraintsFile, settings }: PackageRequest, isOffline: boolean): string[] {
  return [
    ...uvx.prefix,
    ...(isOffline ? ['--offline'] : []),
    ...['--python', settings.pythonVersion, '--constraints', constraintsFile, '--from', CHROMA_MCP],
  ];
}

function clientArguments({ dataDir, settings }: Pick<ChromaDependencies, 'dataDir' | 'settings'>): string[] {
  // Not used with a server, but it identifies the process as part of claude-mem.
  const directory = ['--data-dir', vectorsFolder(dataDir)];
  if (settings.chromaMode === 'local') return ['--client-type', 'persistent', ...directory];
  const server = ['--host', settings.chromaHost, '--port', String(settings.chromaPort)];
  return ['--client-type', 'http', ...server, '--ssl', String(settings.chromaSsl), ...directory];
}

function withPrefix([program, ...options]: readonly string[], file: string, args: readonly string[]): Command {
  return program === undefined ? { file, args } : { file: program, args: [...options, file, ...args] };
}
