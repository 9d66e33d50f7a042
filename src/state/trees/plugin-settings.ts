import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { isObject } from '../../core/is-object.ts';
import { trustIn } from '../../shared/own-file.ts';
import { readTrustedTextIfAny } from '../files/bounded-read.ts';

const MAX_SETTINGS_BYTES = 1024 * 1024;

/**
 * The data dir that the published plugin uses instead of this one, according to its `settings.json`; undefined if it uses this one, or
 * if the file is missing or unreadable. The plugin writes all its defaults into that file, so no other setting in it is read.
 */
export function readPluginDataDir(dataDir: string): string | undefined {
  const value = dataDirIn(join(dataDir, 'settings.json'), dataDir);
  if (value === undefined) return undefined;
  const path = value.startsWith('~/') ? join(homedir(), value.slice(2)) : value;
  return isAbsolute(path) && resolve(path) !== resolve(dataDir) ? resolve(path) : undefined;
}

function dataDirIn(file: string, dataDir: string): string | undefined {
  try {
    const text = readTrustedTextIfAny(file, MAX_SETTINGS_BYTES, trustIn(dataDir));
    const settings: unknown = text === undefined ? undefined : JSON.parse(text);
    const value = isObject(settings) ? settings.CLAUDE_MEM_DATA_DIR : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  } catch {
    // It only points to more findings. The plugin itself reports a damaged file.
    return undefined;
  }
}
