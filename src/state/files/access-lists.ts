import type { AccessLists } from '../../operations/ports/doctor.ts';
import { ClaudeMemError } from '../../shared/errors.ts';

/** Describes what lets other users write to a data dir or to a folder of claude-mem in it. */
export function openByLists(dataDir: string, folders: readonly string[], lists: AccessLists): readonly string[] {
  const writable = (path: string, name: string): readonly string[] => {
    const writers = lists.read(path)?.writers ?? [];
    return writers.length === 0 ? [] : [`${name} can be written by ${writers.join(', ')}`];
  };
  const below = folders.flatMap((path) =>
    lists.read(path)?.isOwn === false ? [`${path} belongs to another user`] : writable(path, path),
  );
  return [...writable(dataDir, `the data dir ${dataDir}`), ...below];
}

/** @throws ClaudeMemError `not-owner`. */
export function assertOwnByList(dataDir: string, lists: AccessLists): void {
  if (lists.read(dataDir)?.isOwn !== false) return;
  throw new ClaudeMemError('not-owner', `the data dir ${dataDir} belongs to another user`, {
    hint: 'Choose a data dir that belongs to you with --data-dir.',
  });
}

/**
 * Removes the permissions of other users, except administrators, from folders.
 * @returns the changed folders.
 * @throws ClaudeMemError `data-dir`.
 */
export function closeByLists(folders: readonly string[], lists: AccessLists): readonly string[] {
  const open = folders.filter((path) => isOpen(lists, path));
  for (const path of open) {
    if (lists.close(path) && !isOpen(lists, path)) continue;
    throw new ClaudeMemError('data-dir', `Windows does not restrict ${path} to you`, {
      hint: 'Use a data dir that belongs to you, on a file system with access lists, such as NTFS.',
    });
  }
  return open;
}

function isOpen(lists: AccessLists, path: string): boolean {
  const { writers, readers } = lists.read(path) ?? { writers: [], readers: [] };
  return writers.length > 0 || readers.length > 0;
}
