import { execFile, spawnSync } from 'node:child_process';
import { ClaudeMemError } from '../../shared/errors.ts';
import { inAscii } from './in-ascii.ts';
import { systemProgram } from './system-program.ts';

/** The output of one run of PowerShell. */
export interface PowerShellOutput {
  readonly text: string;
  /** Pid of that PowerShell, which lists itself. */
  readonly pid: number | undefined;
}

/** In milliseconds. PowerShell takes 0.3 to 2 s to start, and longer on a machine that is swapping. */
const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Runs a script in Windows PowerShell.
 * @param script a pipeline that prints JSON, without double quotes, which two parsers would have to preserve
 * @throws ClaudeMemError `process-table-unreadable` if it is missing, fails, or takes more than 30 s.
 */
export function runPowerShell(script: string): Promise<PowerShellOutput> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES, windowsHide: true };
    const child = execFile(powerShellPath(), powerShellArguments(script), options, (error, stdout) => {
      if (error === null) resolve({ text: stdout, pid: child.pid });
      else reject(cimFailure(error));
    });
  });
}

/**
 * Runs a script synchronously.
 * @throws ClaudeMemError `process-table-unreadable`, as `runPowerShell`.
 */
export function runPowerShellSync(script: string): string {
  const options = { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES, windowsHide: true, encoding: 'utf8' } as const;
  const result = spawnSync(powerShellPath(), powerShellArguments(script), options);
  if (result.error !== undefined) throw cimFailure(result.error);
  if (result.status !== 0) throw cimFailure(new Error(result.stderr.trim() || `exit code ${String(result.status)}`));
  return result.stdout;
}

/** The error for a process table that could not be listed. */
export function cimFailure(cause: unknown): ClaudeMemError {
  const reason = cause instanceof Error ? cause.message.trim() : String(cause);
  return new ClaudeMemError('process-table-unreadable', `Cannot read the process table with CIM: ${reason}`, {
    hint: 'Check that `powershell -Command Get-CimInstance Win32_Process` works.',
    cause,
  });
}

function powerShellPath(): string {
  return systemProgram(String.raw`WindowsPowerShell\v1.0\powershell.exe`);
}

/** Stops at the first error and prints no progress bar. */
const PRELUDE = "$ErrorActionPreference='Stop'; $ProgressPreference='SilentlyContinue';";

function powerShellArguments(script: string): string[] {
  return ['-NoProfile', '-NonInteractive', '-Command', `${PRELUDE} ${inAscii(script)}`];
}
