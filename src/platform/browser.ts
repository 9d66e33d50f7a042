import { spawn } from 'node:child_process';

type Environment = Readonly<Record<string, string | undefined>>;

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

/** The command that opens a URL; undefined if there is none. */
export function browserCommand(
  url: string,
  platform: string,
  env: Environment,
): readonly [file: string, ...args: string[]] | undefined {
  if (isSet(env.SSH_CONNECTION) || isSet(env.SSH_TTY)) return undefined;
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url];
  if (platform === 'darwin') return ['open', url];
  return isSet(env.DISPLAY) || isSet(env.WAYLAND_DISPLAY) ? ['xdg-open', url] : undefined;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
