/** Joins a directory and a name the way the directory itself is written. */
export function joinPath(directory: string, name: string): string {
  const separator = directory.includes('\\') && !directory.includes('/') ? '\\' : '/';
  return `${directory.replace(/[/\\]+$/, '')}${separator}${name}`;
}

/**
 * Whether two absolute paths are written for the same place: whole values, without regard to trailing separators, `.` parts and
 * doubled separators; on Windows also without regard to case and to the kind of slash.
 */
export function isSamePath(left: string, right: string, platform: string): boolean {
  return normalizePath(left, platform) === normalizePath(right, platform);
}

function normalizePath(path: string, platform: string): string {
  const isWindows = platform === 'win32' || /^[a-z]:[\\/]/i.test(path);
  const slashes = isWindows ? path.replaceAll('\\', '/').toLowerCase() : path;
  const clean = slashes
    .replace(/\/{2,}/g, '/')
    .replace(/(?:\/\.)+(?=\/|$)/g, '')
    .replace(/(?!^)\/+$/, '');
  return clean === '' ? '/' : clean;
}
