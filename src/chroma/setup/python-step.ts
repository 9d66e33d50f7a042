import { messageOf } from '../../shared/errors.ts';
import { accessSync, constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { RunBounds } from '../bounded-run.ts';
import { explainExit } from '../failure.ts';
import type { Uvx } from '../uvx.ts';
import { runProgram } from './run-program.ts';
import {
  type SetupDependencies,
  type SetupOptions,
  type SetupStep,
  SETUP_BOUNDS,
  step,
  reportProgress,
} from './step.ts';

/** Finds the Python that uv would use, or makes uv download one. */
export async function preparePython(
  uvx: Uvx,
  dependencies: SetupDependencies,
  options: SetupOptions,
): Promise<SetupStep> {
  const { signal, bounds } = options;
  const { pythonVersion } = dependencies.settings;
  const uv = uvBeside(uvx);
  if (uv === undefined) return step('python', 'skipped', `there is no uv beside ${uvx.file}; uvx finds Python itself`);
  const ask = (args: readonly string[], deadlineMs: number): Promise<string> =>
    askForPython([uv, 'python', ...args], dependencies, { deadlineMs, signal });
  const find = (): Promise<string> => ask(['find', pythonVersion], bounds?.lookMs ?? SETUP_BOUNDS.lookMs);
  try {
    return step('python', 'already', await find());
  } catch {
    // No matching Python. The next step reports why if none can be downloaded.
  }
  try {
    reportProgress(options, 'python', `downloading Python ${pythonVersion}`);
    await ask(['install', pythonVersion], bounds?.installPythonMs ?? SETUP_BOUNDS.installPythonMs);
    return step('python', 'done', await find());
  } catch (error) {
    const fix = `Install a Python that matches "${pythonVersion}", or choose another version with CLAUDE_MEM_PYTHON_VERSION.`;
    return step(
      'python',
      'failed',
      `no matching Python on this machine, and the download failed: ${messageOf(error)}`,
      fix,
    );
  }
}

/**
 * Runs a `uv python …` command.
 * @returns the path of the Python it prints.
 * @throws ChromaFailure if there is none.
 */
export async function askForPython(
  command: readonly string[],
  dependencies: SetupDependencies,
  bounds: Pick<RunBounds, 'deadlineMs' | 'signal'>,
): Promise<string> {
  const { pythonVersion } = dependencies.settings;
  const doing = `looking for Python ${pythonVersion}`;
  const { exit, output } = await runProgram(command, dependencies, { ...bounds, doing });
  if (exit.code !== 0) throw explainExit(exit, output, pythonVersion);
  return output.findLast((line) => line.startsWith('/')) ?? pythonVersion;
}

/** The uv in the same folder as this uvx. */
export function uvBeside({ file }: Uvx): string | undefined {
  const uv = basename(file) === 'uv' ? file : join(dirname(file), 'uv');
  try {
    accessSync(uv, constants.X_OK);
    return uv;
  } catch {
    return undefined;
  }
}
