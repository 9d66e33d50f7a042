import { execFile, spawnSync } from 'node:child_process';
import { ClaudeMemError } from '../../shared/errors.ts';

/** What one run of ps printed. */
export interface PsOutput {
  readonly text: string;
  /** Pid of that ps, which lists itself. */
  readonly pid: number | undefined;
}

/** A ps that hangs (on a dead network home, say) must not hang whoever looks. */
const TIMEOUT_MS = 10_000;
/** 5,000 processes of 10 kB each, environments included. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Runs ps.
 * @throws ClaudeMemError `process-table-unreadable` when ps is missing, fails or takes more than 10 s.
 */
export function runPs(args: readonly string[]): Promise<PsOutput> {
  return new Promise((resolve, reject) => {
    const options = { env: psEnvironment(), timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES };
    const child = execFile('ps', args, options, (error, stdout, stderr) => {
      if (error !== null && !isNobodyThere(error.code, stdout, stderr)) reject(psFailure(error));
      else resolve({ text: stdout, pid: child.pid });
    });
  });
}

/**
 * Runs ps and waits for it without giving way to anything else in this process.
 * @throws ClaudeMemError `process-table-unreadable`, as `runPs`.
 */
export function runPsSync(args: readonly string[]): string {
  const result = spawnSync('ps', args, { env: psEnvironment(), timeout: TIMEOUT_MS, encoding: 'utf8' });
  if (result.error !== undefined) throw psFailure(result.error);
  if (result.status !== 0 && !isNobodyThere(result.status, result.stdout, result.stderr))
    throw psFailure(new Error(`ps ended with ${String(result.status ?? result.signal)}: ${result.stderr.trim()}`));
  return result.stdout;
}

/** The error for a process table that could not be listed. */
export function psFailure(cause: unknown): ClaudeMemError {
  const reason = cause instanceof Error ? cause.message.trim() : String(cause);
  return new ClaudeMemError('process-table-unreadable', `The process table could not be read with ps: ${reason}`, {
    hint: 'Check that `ps -A` works in this shell and that ps is on the PATH.',
    cause,
  });
}

/** With `-p`, ps ends with 1 and prints nothing where none of these pids exists; a complaint would stand on stderr. */
function isNobodyThere(code: unknown, stdout: string, stderr: string): boolean {
  return code === 1 && stdout.trim() === '' && stderr.trim() === '';
}

/**
 * Nothing of the user's own environment but the PATH: `PS_FORMAT`, `PS_PERSONALITY` or `COMMAND_MODE` change what ps prints. Dates
 * in the C locale and in UTC, which has no hour twice. Characters in UTF-8: in the C locale ps writes `?` for every other one, and
 * a data dir with an umlaut would match nothing.
 */
function psEnvironment(): NodeJS.ProcessEnv {
  const ctype = process.platform === 'darwin' ? 'UTF-8' : 'C.UTF-8';
  return { PATH: process.env.PATH, LANG: 'C', LC_TIME: 'C', LC_NUMERIC: 'C', LC_CTYPE: ctype, TZ: 'UTC' };
}
