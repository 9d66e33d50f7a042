import { spawn } from 'node:child_process';
import { browserCommand, type Environment } from './browser-command.ts';

/**
 * Opens a URL in the user's browser, without a shell. The URL is briefly visible in `ps`, so a secret in it must be
 * short-lived and limited.
 * @returns false if the user has no browser: over SSH, without a display, or none is installed.
 */
export async function openBrowser(url: string, platform: string, env: Environment): Promise<boolean> {
  const command = browserCommand(url, platform, env);
  if (command === undefined) return false;
  const [file, ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(file, args, { detached: true, stdio: 'ignore' });
    child.once('error', () => {
      resolve(false);
    });
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
