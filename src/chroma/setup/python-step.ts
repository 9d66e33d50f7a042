import { messageOf } from '../../shared/errors.ts';
import { accessSync, constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { RunBounds } from '../bounded-run.ts';
import { explainExit } from '../failure.ts';
import type { Uvx } from '../uvx.ts';
import { runProgram } from './run-program.ts';
import { type SetupDependencies, type SetupOptions, type SetupStep, SETUP_BOUNDS, step, tell } from './step.ts';

/** Finds the Python that uv would take, or has uv fetch one. */
export async function preparePython(
  uvx: Uvx,
  dependencies: SetupDependencies,
  options: SetupOptions,
): Promise<SetupStep> {
  const { signal, bounds } = options;
  const { pythonVersion } = dependencies.settings;
  const uv = uvBeside(uvx);
  if (uv === undefined) return step('python', 'skipped', `no uv stands beside ${uvx.file}; uvx looks for itself`);
  const ask = (args: readonly string[], deadlineMs: number): Promise<string> =>
    askForPython([uv, 'python', ...args], dependencies, { deadlineMs, signal });
  const find = (): Promise<string> => ask(['find', pythonVersion], bounds?.lookMs ?? SETUP_BOUNDS.lookMs);
  try {
    return step('python', 'already', await find());
  } catch {
    // None on this machine: what follows tells why there is none afterwards.
  }
  try {
    tell(options, 'python', `fetching a Python ${pythonVersion}`);
    await ask(['install', pythonVersion], bounds?.installPythonMs ?? SETUP_BOUNDS.installPythonMs);
    return step('python', 'done', await find());
  } catch (error) {
    const fix = `Install a Python that fits "${pythonVersion}", or name another with CLAUDE_MEM_PYTHON_VERSION.`;
    return step('python', 'failed', `none is on this machine, and none could be fetched: ${messageOf(error)}`, fix);
  }
}

/**
 * Runs a `uv python …` command line.
 * @returns the path of the Python it names.
 * @throws ChromaFailure when there is none.
 */
export async function askForPython(
  command: readonly string[],
  dependencies: SetupDependencies,
  bounds: Pick<RunBounds, 'deadlineMs' | 'signal'>,
): Promise<string> {
  const { pythonVersion } = dependencies.settings;
  const doing = `looking for a Python ${pythonVersion}`;
  const { exit, output } = await runProgram(command, dependencies, { ...bounds, doing });
  if (exit.code !== 0) throw explainExit(exit, output, pythonVersion);
  return output.findLast((line) => line.startsWith('/')) ?? pythonVersion;
}

/** The uv that belongs to this uvx. */
export function uvBeside({ file }: Uvx): string | undefined {
  const uv = basename(file) === 'uv' ? file : join(dirname(file), 'uv');
  try {
    accessSync(uv, constants.X_OK);
    return uv;
  } catch {
    return undefined;
  }
}
