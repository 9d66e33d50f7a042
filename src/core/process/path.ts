/** Joins a directory and a name with the directory's own kind of separator. */
export function joinPath(directory: string, name: string): string {
  const separator = directory.includes('\\') && !directory.includes('/') ? '\\' : '/';
  return `${withoutTrailingSeparators(directory)}${separator}${name}`;
}

/** Removes all slashes and backslashes at the end. In linear time: the path may come from another process's command line. */
export function withoutTrailingSeparators(path: string): string {
  let end = path.length;
  while (end > 0 && (path[end - 1] === '/' || path[end - 1] === '\\')) end -= 1;
  return path.slice(0, end);
}

/**
 * Whether two absolute paths are equal as text, ignoring trailing separators, `.` parts and doubled separators; on Windows also case and
 * the kind of slash.
 */
export function isSamePath(left: string, right: string, platform: string): boolean {
  return normalizePath(left, platform) === normalizePath(right, platform);
}

function normalizePath(path: string, platform: string): string {
  const isWindows = platform === 'win32' || /^[a-z]:[\\/]/i.test(path);
  const slashes = isWindows ? path.replaceAll('\\', '/').toLowerCase() : path;
  const parts = slashes.split('/').filter((part, index) => part !== '' && (part !== '.' || index === 0));
  return `${slashes.startsWith('/') ? '/' : ''}${parts.join('/')}` || '/';
}
