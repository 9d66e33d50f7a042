import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The measured program: `cli.js` of the package, packed and installed as users get it. */
export let CLI = '';

/** Measures a program that is installed already. */
export function useProgram(cli: string): void {
  CLI = cli;
}

/** Builds the package from these sources, packs it and installs it below a folder. */
export function installProgram(folder: string): void {
  const run = (...args: readonly string[]) => execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' });
  const parcel = join(folder, 'parcel');
  mkdirSync(parcel);
  // Builds it, by its `prepare` script.
  run('pack', '--silent', '--pack-destination', parcel);
  const [tarball = ''] = readdirSync(parcel);
  run('install', '--silent', '--prefix', join(folder, 'installed'), '--no-audit', '--no-fund', join(parcel, tarball));
  CLI = join(folder, 'installed', 'node_modules', 'claude-mem-cli', 'dist', 'cli.js');
}

/** Another Node.js to run the program with. */
export interface MeasuredNode {
  readonly name: string;
  readonly path: string;
}

/** This Node.js, and the latest ones of these major versions from the package registry. */
export function findNodes(majors: readonly number[]): readonly MeasuredNode[] {
  return [process.execPath, ...majors.map(installNode)].map((path) => ({
    name: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim(),
    path,
  }));
}

function installNode(major: number): string {
  // The checks of `.ci/on-node.sh` use the same folder.
  const folder = join(ROOT, '.cache', `node-${major}`);
  const path = join(folder, 'node_modules', 'node', 'bin', 'node');
  try {
    execFileSync(path, ['--version']);
  } catch {
    mkdirSync(folder, { recursive: true });
    const options = ['--no-audit', '--no-fund', '--no-save', '--no-package-lock', '--silent'];
    execFileSync('npm', ['install', '--prefix', folder, ...options, `node@${major}`], { cwd: folder });
  }
  return path;
}
