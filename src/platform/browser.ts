import { spawn } from 'node:child_process';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Shows a URL in the person's browser, without a shell. What is in the URL shows in `ps` for a moment, so a secret in it must be good
 * for little and not for long.
 * @returns false where there is no browser in front of that person: over SSH, without a display, or none is installed.
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

/** What opens it there; undefined where nothing would. */
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
