import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Creating a virtual environment and downloading one package of 25 MB into it, from a distant registry, in
 * milliseconds.
 */
const INSTALL_TIMEOUT_MS = 180_000;

/** The path of an executable on PATH; undefined if there is none. */
export async function findOnPath(name: string): Promise<string | undefined> {
  for (const directory of (process.env.PATH ?? '').split(delimiter).filter((part) => part !== '')) {
    const file = join(directory, name);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

/** Installs uv into its own virtual environment and returns the folder with `uv` and `uvx`. */
export async function installUv(directory: string, python = 'python3'): Promise<string> {
  const options = { timeout: INSTALL_TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
  await run(python, ['-m', 'venv', directory], options);
  await run(join(directory, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', 'uv'], options);
  return join(directory, 'bin');
}
