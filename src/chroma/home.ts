import { existsSync } from 'node:fs';
import { homedir } from 'node:os';

/** The home that Chroma's processes see; its model is below it. */
export function homeOf(env: Readonly<Record<string, string | undefined>>): string {
  return env.HOME === undefined || env.HOME === '' ? homedir() : env.HOME;
}

/** Where they are started: Chroma reads a .env file where it stands, and a missing folder would look like a missing program. */
export function usableHome(env: Readonly<Record<string, string | undefined>>): string {
  const home = homeOf(env);
  return existsSync(home) ? home : '/';
}
