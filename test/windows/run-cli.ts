import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const CLI = process.env.CLAUDE_MEM_TEST_CLI ?? '';

/** Runs the built program in a clean environment. */
export async function runCli(args: readonly string[]): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  const { SystemRoot, PATH, USERPROFILE, TEMP, LOCALAPPDATA, APPDATA } = process.env;
  const env = { SystemRoot, PATH, USERPROFILE, TEMP, LOCALAPPDATA, APPDATA, NO_COLOR: '1' };
  try {
    return { ...(await promisify(execFile)(process.execPath, [CLI, ...args], { env })), exitCode: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number };
    return { stdout, stderr, exitCode: code };
  }
}
