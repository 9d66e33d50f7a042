import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../shared/errors.ts';
import { assertTrustedFolder, trustIn, UnsuitableFileError } from '../../shared/own-file.ts';
import { ioError } from '../files/io-error.ts';
import { readManifests } from './manifest-reader.ts';
import { retiredFolder, treesFolder } from './manifest-path.ts';

/** How long a retired manifest is kept, in milliseconds. */
const RETIRED_KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** How many retired manifests stay beside those of living trees, where people look for the last ones. */
const LATEST = 8;

/**
 * Moves all retired manifests but the latest to a folder of their own, and removes those that were retired more than 7 days before `now`.
 * The modification time of a retired manifest is that of its retirement, because nothing writes to it later. The caller holds
 * `operation.lock`.
 * @throws ClaudeMemError `io`.
 */
export function putRetiredAway(dataDir: string, now: Date): void {
  const folder = treesFolder(dataDir);
  const away = retiredFolder(dataDir);
  const latestFirst = timesOf(
    folder,
    readManifests(dataDir).retired.map(({ treeId }) => `${treeId}.json`),
  );
  const beyond = latestFirst.slice(LATEST);
  makeTrusted(away, { isNeeded: beyond.length > 0, dataDir });
  for (const { name } of beyond)
    whileItIsThere('move', join(folder, name), (file) => {
      renameSync(file, join(away, name));
    });
  for (const place of [folder, away]) {
    const files = place === folder ? latestFirst.slice(0, LATEST) : timesOf(away, namesIn(away));
    for (const { name, at } of files) {
      if (now.getTime() - at > RETIRED_KEPT_MS)
        whileItIsThere('remove', join(place, name), (file) => {
          rmSync(file);
        });
    }
  }
}

/** Refuses a link, because it may lead to a folder with other files, of which old ones would be removed. */
function makeTrusted(
  folder: string,
  { isNeeded, dataDir }: { readonly isNeeded: boolean; readonly dataDir: string },
): void {
  try {
    if (isNeeded) mkdirSync(folder, { recursive: true, mode: 0o700 });
    assertTrustedFolder(folder, trustIn(dataDir));
    if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() === true)
      throw new UnsuitableFileError(folder, 'is a link');
  } catch (error) {
    throw ioError('create', folder, error);
  }
}

function timesOf(folder: string, names: readonly string[]): readonly { readonly name: string; readonly at: number }[] {
  return names
    .map((name) => ({ name, at: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((left, right) => right.at - left.at);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw ioError('list', folder, error);
  }
}

/** Another process may have moved or removed the file already. */
function whileItIsThere(doing: 'move' | 'remove', file: string, change: (file: string) => void): void {
  try {
    change(file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw ioError(doing, file, error);
  }
}
