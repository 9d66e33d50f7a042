import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Builds the program if a source file is newer, so that tests never run an outdated build. */
export async function buildIfStale(): Promise<void> {
  const builtAt = modifiedAt('dist/cli.js');
  const sources = ['src', 'scripts'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  if ([...sources, 'package.json'].every((file) => modifiedAt(file) < builtAt)) return;
  await promisify(execFile)(process.execPath, ['scripts/build.mjs'], { cwd: ROOT });
}

function modifiedAt(file: string): number {
  return statSync(join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
