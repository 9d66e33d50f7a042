import { join } from 'node:path';
import { readBoundedText } from '../files/bounded-read.ts';

const MAX_DUMP_BYTES = 16 * 1024 * 1024;

/** The apps in PM2's saved list, which PM2 starts at the next boot; undefined if there is no list. Never writes. */
export function readPm2Apps(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly folder: string; readonly apps: readonly string[] } | undefined {
  const folder = env.PM2_HOME === undefined || env.PM2_HOME === '' ? join(home, '.pm2') : env.PM2_HOME;
  try {
    const list: unknown = JSON.parse(readBoundedText(join(folder, 'dump.pm2'), MAX_DUMP_BYTES));
    return { folder, apps: Array.isArray(list) ? list.map(nameOf).filter((name) => name !== undefined) : [] };
  } catch {
    // Another program's file may be missing, unreadable, or incomplete.
    return undefined;
  }
}

function nameOf(app: unknown): string | undefined {
  return typeof app === 'object' && app !== null && 'name' in app && typeof app.name === 'string'
    ? app.name
    : undefined;
}
