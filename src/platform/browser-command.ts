import { systemProgram } from './windows/system-program.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The command that opens a URL; undefined if there is none. */
export function browserCommand(
  url: string,
  platform: string,
  env: Environment,
): readonly [file: string, ...args: string[]] | undefined {
  if (isSet(env.SSH_CONNECTION) || isSet(env.SSH_TTY)) return undefined;
  if (platform === 'win32') return [systemProgram('rundll32.exe', env), 'url.dll,FileProtocolHandler', url];
  if (platform === 'darwin') return ['open', url];
  return isSet(env.DISPLAY) || isSet(env.WAYLAND_DISPLAY) ? ['xdg-open', url] : undefined;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
