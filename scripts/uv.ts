import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Making a virtual environment and fetching one package of 25 MB into it, from a far registry, in milliseconds. */
const INSTALL_TIMEOUT_MS = 180_000;

/** An executable of that name on PATH; undefined where there is none. */
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

/** Installs uv into a virtual environment of its own and returns the folder with `uv` and `uvx`. */
export async function installUv(directory: string, python = 'python3'): Promise<string> {
  const options = { timeout: INSTALL_TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
  await run(python, ['-m', 'venv', directory], options);
  await run(join(directory, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', 'uv'], options);
  return join(directory, 'bin');
}
