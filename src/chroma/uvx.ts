import { accessSync, constants, statSync } from 'node:fs';
import { basename, delimiter, isAbsolute, join, sep } from 'node:path';

/** How to call uvx on this machine. */
export interface Uvx {
  /** Absolute path. */
  readonly file: string;
  /** Arguments before uvx's own: empty, or `tool run` if there is only uv. */
  readonly prefix: readonly string[];
}

export interface UvxSource {
  /** `CLAUDE_MEM_UVX`: a path or a name; undefined: search for it. */
  readonly setting: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Without links. */
  readonly dataDir: string;
}

/** Folders of common installers, which a short PATH may lack, for example in a service started by a desktop. */
const USUAL_FOLDERS = ['.local/bin', '.cargo/bin', 'bin'];
const IS_WINDOWS = sep === '\\';
/** None on Windows, where every user may make such folders on the drive. */
const SYSTEM_FOLDERS = IS_WINDOWS
  ? []
  : ['/opt/homebrew/bin', '/usr/local/bin', '/home/linuxbrew/.linuxbrew/bin', '/snap/bin'];

/** The virtual environment into which `setup` installs uv. */
export function privateUvFolder(dataDir: string): string {
  return join(dataDir, 'tools', 'uv');
}

/** Finds uvx, or uv, which can do the same. Otherwise returns the reason, for users. */
export function findUvx(source: UvxSource): Uvx | { readonly reason: string } {
  if (source.setting !== undefined) return findChosen(source.setting, source);
  for (const folder of foldersOf(source)) {
    const found = uvxIn(folder);
    if (found !== undefined) return found;
  }
  return { reason: 'uvx was not found; run claude-mem setup' };
}

function findChosen(setting: string, source: UvxSource): Uvx | { readonly reason: string } {
  const expanded = setting.startsWith('~/') ? join(source.home, setting.slice(2)) : setting;
  const isPath = expanded.includes('/') || expanded.includes(sep);
  const candidates = isPath ? [expanded] : pathFolders(source).map((folder) => join(folder, expanded));
  const file = candidates.map(programFile).find(isExecutable);
  if (file !== undefined) return callOf(file);
  return { reason: `CLAUDE_MEM_UVX is ${setting}, which is not an executable program` };
}

function foldersOf(source: UvxSource): readonly string[] {
  return [
    ...pathFolders(source),
    ...USUAL_FOLDERS.map((folder) => join(source.home, folder)),
    ...SYSTEM_FOLDERS,
    join(privateUvFolder(source.dataDir), IS_WINDOWS ? 'Scripts' : 'bin'),
  ];
}

function pathFolders({ env }: UvxSource): readonly string[] {
  // The child runs in another directory, where a relative entry would mean another folder.
  // Windows calls it Path, and a copy of its environment has only that spelling. A folder there may be in quotes.
  const path = IS_WINDOWS ? (env.PATH ?? env.Path ?? '').replaceAll('"', '') : (env.PATH ?? '');
  return path.split(delimiter).filter((folder) => isAbsolute(folder));
}

function uvxIn(folder: string): Uvx | undefined {
  const file = ['uvx', 'uv'].map((name) => programFile(join(folder, name))).find(isExecutable);
  return file === undefined ? undefined : callOf(file);
}

function callOf(file: string): Uvx {
  const name = IS_WINDOWS ? basename(file).toLowerCase() : basename(file);
  return { file, prefix: name === (IS_WINDOWS ? 'uv.exe' : 'uv') ? ['tool', 'run'] : [] };
}

/** Windows runs a program with this extension only; a file `uvx` beside `uvx.exe` is a script for another shell. */
function programFile(path: string): string {
  return !IS_WINDOWS || /\.exe$/i.test(path) ? path : `${path}.exe`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Missing or not executable; the next folder may have one.
    return false;
  }
}
