import { spawn, spawnSync } from 'node:child_process';
import { ClaudeMemError } from '../../shared/errors.ts';
import { BoundedLines } from './bounded-lines.ts';
import { psDialect } from './ps-dialects.ts';

/** The output of one run of ps. */
export interface PsOutput {
  /** A line longer than 128 KiB is cut and ends with NUL. */
  readonly text: string;
  /** Pid of that ps, which lists itself. */
  readonly pid: number | undefined;
  /** There were more lines than can be kept. */
  readonly isCut?: boolean;
}

/** In milliseconds. A ps that hangs (for example on a dead network home) must not block the caller. */
const TIMEOUT_MS = 10_000;
/** 5,000 processes of 10 kB each, environments included. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** Output for two processes. */
const MAX_SYNC_OUTPUT_BYTES = 4 * 1024 * 1024;
const MAX_COMPLAINT_CHARS = 4_096;

/**
 * Runs ps.
 * @throws ClaudeMemError `process-table-unreadable` if ps is missing, fails, or takes more than 10 s.
 */
export function runPs(args: readonly string[]): Promise<PsOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn('ps', args, { env: psEnvironment(), timeout: TIMEOUT_MS, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = new BoundedLines(MAX_OUTPUT_BYTES);
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      lines.add(chunk);
      if (lines.isCut) child.kill();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (complaint.length < MAX_COMPLAINT_CHARS) complaint += chunk.toString();
    });
    child.once('error', (error) => {
      reject(psFailure(error));
    });
    child.once('close', (code, signal) => {
      const text = lines.text();
      if (lines.isCut) resolve({ text, pid: child.pid, isCut: true });
      else if (code === 0 || isNobodyThere(code, text, complaint)) resolve({ text, pid: child.pid });
      else reject(psFailure(new Error(`ps ended with ${String(code ?? signal)}: ${complaint.trim()}`)));
    });
  });
}

/**
 * Runs ps for a few processes, synchronously.
 * @throws ClaudeMemError `process-table-unreadable`, as `runPs`.
 */
export function runPsSync(args: readonly string[]): string {
  const options = { env: psEnvironment(), timeout: TIMEOUT_MS, maxBuffer: MAX_SYNC_OUTPUT_BYTES };
  const result = spawnSync('ps', args, options);
  if (result.error !== undefined) throw psFailure(result.error);
  const lines = new BoundedLines(MAX_SYNC_OUTPUT_BYTES);
  lines.add(result.stdout);
  const text = lines.text();
  const complaint = result.stderr.toString('utf8', 0, MAX_COMPLAINT_CHARS);
  if (result.status !== 0 && !isNobodyThere(result.status, text, complaint))
    throw psFailure(new Error(`ps ended with ${String(result.status ?? result.signal)}: ${complaint.trim()}`));
  return text;
}

/** The error for a process table that could not be listed. */
export function psFailure(cause: unknown): ClaudeMemError {
  const reason = cause instanceof Error ? cause.message.trim() : String(cause);
  return new ClaudeMemError('process-table-unreadable', `Cannot read the process table with ps: ${reason}`, {
    hint: 'Check that `ps -A` works in this shell and that ps is on the PATH.',
    cause,
  });
}

/** With `-p`, ps exits with 1 and prints nothing if no such pid exists. Errors appear on stderr. */
function isNobodyThere(code: unknown, stdout: string, stderr: string): boolean {
  return code === 1 && stdout.trim() === '' && stderr.trim() === '';
}

/**
 * Passes on only PATH from the user's environment: `PS_FORMAT`, `PS_PERSONALITY` and `COMMAND_MODE` change the output.
 * The C locale and UTC make dates unambiguous. Characters are UTF-8, because in the C locale ps replaces them by `?`,
 * and a data dir with an umlaut would never match.
 */
function psEnvironment(): NodeJS.ProcessEnv {
  const { ctype } = psDialect();
  return { PATH: process.env.PATH, LANG: 'C', LC_TIME: 'C', LC_NUMERIC: 'C', LC_CTYPE: ctype, TZ: 'UTC' };
}
