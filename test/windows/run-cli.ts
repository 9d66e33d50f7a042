import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const CLI = process.env.CLAUDE_MEM_TEST_CLI ?? '';

export interface RunOptions {
  /** Variables besides those of a clean environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { SystemRoot, PATH, USERPROFILE, TEMP, LOCALAPPDATA, APPDATA } = process.env;
  return { SystemRoot, PATH, USERPROFILE, TEMP, LOCALAPPDATA, APPDATA, NO_COLOR: '1', ...more };
}

/** Runs the built program in a clean environment. */
export async function runCli(
  args: readonly string[],
  { env = {}, input = '' }: RunOptions = {},
): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  const running = promisify(execFile)(process.execPath, [CLI, ...args], { env: cleanEnvironment(env) });
  running.child.stdin?.on('error', () => undefined);
  running.child.stdin?.end(input);
  try {
    return { ...(await running), exitCode: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number };
    return { stdout, stderr, exitCode: code };
  }
}
