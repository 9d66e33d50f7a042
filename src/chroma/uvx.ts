import { accessSync, constants, statSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';

/** How uvx is called on this machine. */
export interface Uvx {
  /** Absolute path. */
  readonly file: string;
  /** What comes before uvx's own arguments: empty, or `tool run` where there is only uv. */
  readonly prefix: readonly string[];
}

export interface UvxSource {
  /** `CLAUDE_MEM_UVX`: path or name; undefined: look for it. */
  readonly setting: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Resolved. */
  readonly dataDir: string;
}

/** Where installers put uv when they do not put it on PATH; a service started by a desktop has a short PATH. */
const USUAL_FOLDERS = ['.local/bin', '.cargo/bin', 'bin'];
const SYSTEM_FOLDERS = ['/opt/homebrew/bin', '/usr/local/bin', '/home/linuxbrew/.linuxbrew/bin', '/snap/bin'];

/** The virtual environment that `setup` installs uv into. */
export function privateUvFolder(dataDir: string): string {
  return join(dataDir, 'tools', 'uv');
}

/** Finds uvx, or uv, which can do the same; the reason, in words for people, where there is none. */
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
  const candidates = expanded.includes('/') ? [expanded] : pathFolders(source).map((folder) => join(folder, expanded));
  const file = candidates.find(isExecutable);
  if (file !== undefined) return callOf(file);
  return { reason: `CLAUDE_MEM_UVX names ${setting}, which is no program that can be run` };
}

function foldersOf(source: UvxSource): readonly string[] {
  return [
    ...pathFolders(source),
    ...USUAL_FOLDERS.map((folder) => join(source.home, folder)),
    ...SYSTEM_FOLDERS,
    join(privateUvFolder(source.dataDir), 'bin'),
  ];
}

function pathFolders({ env }: UvxSource): readonly string[] {
  // A relative entry would mean another folder for the child, which runs elsewhere.
  return (env.PATH ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
}

function uvxIn(folder: string): Uvx | undefined {
  const file = ['uvx', 'uv'].map((name) => join(folder, name)).find(isExecutable);
  return file === undefined ? undefined : callOf(file);
}

function callOf(file: string): Uvx {
  return { file, prefix: basename(file) === 'uv' ? ['tool', 'run'] : [] };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Not there, or not for us: the next place may have one.
    return false;
  }
}
