import { isAbsolute, relative, sep } from 'node:path';

/** Names that change all the time and say nothing about the code. */
const IGNORED_NAMES = new Set(['node_modules', 'logs', '.git', 'vector-db', 'chroma', 'vectors', '.claude-mem']);
const IGNORED_FILE = /\.(?:log|db)$|\.db-/;

/** Changes come in bursts (an editor's save, a checkout); one restart serves them all. In milliseconds. */
const SETTLE_MS = 300;

/**
 * Calls back when a file below the folder changes.
 * @returns a function that stops it.
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
    }, SETTLE_MS);
  });
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}

/** Whether a path is of the data dir or bears one of the names to ignore, below the folder that is watched. */
function isIgnored(path: string, { folder, dataDir }: { readonly folder: string; readonly dataDir: string }): boolean {
  if (isWithin(path, dataDir)) return true;
  const parts = relative(folder, path).split(sep);
  return parts.some((part) => IGNORED_NAMES.has(part) || IGNORED_FILE.test(part));
}

function isWithin(path: string, folder: string): boolean {
  const between = relative(folder, path);
  return between === '' || (between !== '..' && !between.startsWith(`..${sep}`) && !isAbsolute(between));
}
