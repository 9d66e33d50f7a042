import { win32 } from 'node:path';

/** The full path of a program of Windows: a bare name is searched for in the working directory first, which may be a stranger's. */
export function systemProgram(path: string, env: Readonly<Record<string, string | undefined>> = process.env): string {
  return win32.join(env.SystemRoot ?? String.raw`C:\Windows`, 'System32', path);
}
