import { resolveDataDir, resolveRoleDirectory } from '../role-directory.ts';

/** `\\server\share\…` and `\\.\device`, with slashes of either kind. */
const BEYOND_LOCAL = /^[\\/]{2}/;

/**
 * As `resolveRoleDirectory`, for local paths. Looking at a network path of another process's command line would connect to a server of its
 * choice, with this user's credentials.
 */
export function resolveLocalRoleDirectory(written: string, dataDir: string): string | undefined {
  return BEYOND_LOCAL.test(written) ? undefined : resolveRoleDirectory(written, dataDir);
}

/** As `resolveDataDir`, for local paths; a network path stays as written. */
export function resolveLocalDataDir(written: string, dataDir: string): string {
  return BEYOND_LOCAL.test(written) ? written : resolveDataDir(written, dataDir);
}
