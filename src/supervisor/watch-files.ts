import { isAbsolute, relative, sep } from 'node:path';

/** Folders that change constantly and contain no code. */
const IGNORED_NAMES = new Set(['node_modules', 'logs', '.git', 'vector-db', 'chroma', 'vectors', '.claude-mem']);
const IGNORED_FILE = /\.(?:log|db)$|\.db-/;

/** Changes come in bursts (an editor's save, a checkout); one restart handles all of them. In milliseconds. */
const QUIET_MS = 300;

/**
 * Calls back when a file below the folder changes.
 * @returns a function that stops watching.
 */
export async function watchFiles(
  where: { readonly folder: string; readonly dataDir: string },
  onChange: (file: string) => void,
): Promise<() => Promise<void>> {
  const { watch } = await import('chokidar');
  const watcher = watch(where.folder, { ignored: (path) => isIgnored(path, where), ignoreInitial: true });
  let timer: NodeJS.Timeout | undefined;
  watcher.on('all', (_event, path) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      onChange(path);
    }, QUIET_MS);
  });
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}

/** Whether a path is in the data dir or contains an ignored name below the watched folder. */
function isIgnored(path: string, { folder, dataDir }: { readonly folder: string; readonly dataDir: string }): boolean {
  if (isWithin(path, dataDir)) return true;
  const parts = relative(folder, path).split(sep);
  return parts.some((part) => IGNORED_NAMES.has(part) || IGNORED_FILE.test(part));
}

function isWithin(path: string, folder: string): boolean {
  const between = relative(folder, path);
  return between === '' || (between !== '..' && !between.startsWith(`..${sep}`) && !isAbsolute(between));
}
