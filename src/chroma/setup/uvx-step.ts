import { messageOf } from '../../shared/errors.ts';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RunBounds } from '../bounded-run.ts';
import { homeOf } from '../home.ts';
import { findUvx, privateUvFolder, type Uvx } from '../uvx.ts';
import { lastWord, runProgram } from './run-program.ts';
import {
  type SetupDependencies,
  type SetupOptions,
  type SetupStep,
  SETUP_BOUNDS,
  step,
  reportProgress,
} from './step.ts';

const PYTHONS = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
const INSTALL_UV =
  'Install uv (https://docs.astral.sh/uv/getting-started/installation/), then run claude-mem setup again.';

/** Finds uvx, or installs uv into a private environment in the data dir. */
export async function prepareUvx(
  dependencies: SetupDependencies,
  options: SetupOptions,
): Promise<{ readonly step: SetupStep; readonly uvx?: Uvx }> {
  const found = look(dependencies);
  if ('file' in found) return await confirm(found, 'already', dependencies, options);
  if (dependencies.settings.uvx !== undefined) {
    const fix = 'Correct CLAUDE_MEM_UVX, or unset it to let claude-mem find uvx.';
    return { step: step('uvx', 'failed', found.reason, fix) };
  }
  try {
    await installUv(dependencies, options);
  } catch (error) {
    return {
      step: step('uvx', 'failed', `uvx was not found, and uv could not be installed: ${messageOf(error)}`, INSTALL_UV),
    };
  }
  const installed = look(dependencies);
  if ('file' in installed) return await confirm(installed, 'done', dependencies, options);
  return { step: step('uvx', 'failed', 'the installed uv does not include uvx', INSTALL_UV) };
}

function look({ settings, env, dataDir }: SetupDependencies): ReturnType<typeof findUvx> {
  return findUvx({ setting: settings.uvx, env, home: homeOf(env), dataDir });
}

/** Tests uvx: a version manager's shim may be executable and still not work. */
async function confirm(
  uvx: Uvx,
  status: 'done' | 'already',
  dependencies: SetupDependencies,
  { signal, bounds }: SetupOptions,
): Promise<{ readonly step: SetupStep; readonly uvx?: Uvx }> {
  const deadlineMs = bounds?.lookMs ?? SETUP_BOUNDS.lookMs;
  try {
    const version = await askVersion(uvx, dependencies, { deadlineMs, signal });
    return { step: step('uvx', status, `${version} (${uvx.file})`), uvx };
  } catch (error) {
    const fix = 'Repair it, or choose another one with CLAUDE_MEM_UVX.';
    return { step: step('uvx', 'failed', `${uvx.file} does not work: ${messageOf(error)}`, fix) };
  }
}

/**
 * The version that a uvx prints: `uvx 0.13.9`.
 * @throws Error if it does not work.
 */
export async function askVersion(
  uvx: Uvx,
  dependencies: SetupDependencies,
  bounds: Pick<RunBounds, 'deadlineMs' | 'signal'>,
): Promise<string> {
  const run = await runProgram([uvx.file, '--version'], dependencies, {
    ...bounds,
    doing: 'asking uvx for its version',
  });
  if (run.exit.code !== 0) throw new Error(lastWord(run));
  const line = run.output.find((text) => /^uvx? \d/.test(text));
  return line?.split(' ').slice(0, 2).join(' ') ?? 'uvx';
}

/**
 * Builds in a temporary folder and moves it into place, so that the final folder is always complete. uv's programs can
 * be moved.
 */
async function installUv(dependencies: SetupDependencies, options: SetupOptions): Promise<void> {
  const folder = privateUvFolder(dependencies.dataDir);
  const aside = `${folder}.${dependencies.own.pid}`;
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  try {
    await buildUv(aside, dependencies, options);
    rmSync(folder, { recursive: true, force: true });
    renameSync(aside, folder);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

async function buildUv(folder: string, dependencies: SetupDependencies, options: SetupOptions): Promise<void> {
  const { signal, bounds } = options;
  const python = await findPython(dependencies, signal);
  const run = async (command: readonly string[], doing: string): Promise<void> => {
    const deadlineMs = bounds?.installUvMs ?? SETUP_BOUNDS.installUvMs;
    reportProgress(options, 'uvx', doing);
    const result = await runProgram(command, dependencies, { deadlineMs, signal, doing });
    if (result.exit.code !== 0) throw new Error(`${doing}: ${lastWord(result)}`);
  };
  await run([python, '-m', 'venv', folder], 'creating a private environment');
  const pip = [join(folder, 'bin', 'python'), '-m', 'pip', 'install'];
  await run([...pip, '--disable-pip-version-check', '--retries', '2', 'uv'], 'installing uv into it');
}

/** Any Python is sufficient here; uv chooses the one for Chroma. */
async function findPython(dependencies: SetupDependencies, signal: AbortSignal): Promise<string> {
  const bounds = { deadlineMs: SETUP_BOUNDS.lookMs, signal, doing: 'looking for Python' };
  for (const name of PYTHONS) {
    const { exit } = await runProgram([name, '-c', 'import venv'], dependencies, bounds);
    if (exit.code === 0) return name;
  }
  throw new Error('found no Python with the venv module');
}
