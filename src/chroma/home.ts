import { existsSync } from 'node:fs';
import { homedir } from 'node:os';

/** The home directory of Chroma's processes, which contains its model. */
export function homeOf(env: Readonly<Record<string, string | undefined>>): string {
  return env.HOME === undefined || env.HOME === '' ? homedir() : env.HOME;
}

/**
 * Working directory of Chroma's processes: Chroma reads a .env file there, and a missing folder would look like a
 * missing program.
 */
export function usableHome(env: Readonly<Record<string, string | undefined>>): string {
  const home = homeOf(env);
  return existsSync(home) ? home : '/';
}
