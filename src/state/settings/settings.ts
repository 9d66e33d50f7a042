import { join } from 'node:path';
import { findUnknownKey, resolveSettings, type Settings } from '../../core/settings.ts';
import { printable } from '../../core/text/wording.ts';
import { ClaudeMemError, errnoOf, messageOf } from '../../shared/errors.ts';
import { type Trust, trustIn } from '../../shared/own-file.ts';
import { readTrustedText, UnsuitableFileError } from '../files/bounded-read.ts';
import { DATA_DIR_VARIABLE } from '../files/data-dir-name.ts';
import { describeErrno } from '../files/io-error.ts';
import { isObject } from '../../core/is-object.ts';
import { nearestWord } from '../../shared/nearest-word.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;

/**
 * Reads the settings: environment over `config.json` over defaults.
 * @throws ClaudeMemError `settings` naming the invalid value, its source, and the expected value; also for an unknown
 * key in the file.
 */
export function readSettings(dataDir: string, env: Readonly<Record<string, string | undefined>>): Settings {
  const configFile = join(dataDir, 'config.json');
  const config = readConfig(configFile, trustIn(dataDir));
  const unknown = findUnknownKey(config);
  if (unknown !== undefined) throw unknownKey(configFile, unknown);
  const { settings, problems } = resolveSettings({ env, config, configFile });
  const [problem] = problems;
  if (problem === undefined) return settings;
  throw new ClaudeMemError(
    'settings',
    `${problem.name} is "${problem.value}" (from ${problem.source === 'environment' ? 'the environment' : problem.source})`,
    { hint: `Expected ${problem.expected}.` },
  );
}

/** The valid settings, and defaults in place of the others, for a program that `readSettings` must not stop. */
export function readValidSettings(dataDir: string, env: Readonly<Record<string, string | undefined>>): Settings {
  const configFile = join(dataDir, 'config.json');
  return resolveSettings({ env, config: usableConfig(configFile, trustIn(dataDir)), configFile }).settings;
}

function usableConfig(file: string, trust: Trust): Record<string, unknown> {
  try {
    return readConfig(file, trust);
  } catch (error) {
    if (error instanceof ClaudeMemError) return {};
    throw error;
  }
}

function unknownKey(
  file: string,
  { key, candidates }: { readonly key: string; readonly candidates: readonly string[] },
): ClaudeMemError {
  const nearest = nearestIgnoringCase(key.slice(0, LONGEST_KEY), candidates);
  const what =
    key === DATA_DIR_VARIABLE
      ? 'Set the data dir in the environment or with --data-dir, because this file is inside the data dir.'
      : `Did you mean ${nearest}?`;
  return new ClaudeMemError('settings', `${file}: "${printable(key).slice(0, 100)}" is not a setting`, { hint: what });
}

/** A key may be as long as the file. Characters. */
const LONGEST_KEY = 100;

function nearestIgnoringCase(key: string, names: readonly string[]): string {
  const lower = names.map((name) => name.toLowerCase());
  const nearest = nearestWord(key.toLowerCase(), lower);
  return names[nearest === undefined ? 0 : lower.indexOf(nearest)] ?? '';
}

function readConfig(file: string, trust: Trust): Record<string, unknown> {
  let text: string;
  try {
    text = readConfigText(file, trust);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {};
    throw notUsable(
      file,
      error instanceof UnsuitableFileError ? error.reason : `cannot be read: ${describeErrno(error)}`,
      error,
    );
  }
  try {
    const config: unknown = JSON.parse(text);
    if (isObject(config)) return config;
  } catch (error) {
    throw notUsable(file, `is not JSON: ${messageOf(error)}`, error);
  }
  throw notUsable(file, 'is not a JSON object', undefined);
}

/** A file of root is accepted too: an administrator may provide the settings. */
function readConfigText(file: string, trust: Trust): string {
  try {
    return readTrustedText(file, MAX_CONFIG_BYTES, trust);
  } catch (error) {
    if (!(error instanceof UnsuitableFileError) || trust.uid === 0) throw error;
    return readTrustedText(file, MAX_CONFIG_BYTES, { ...trust, uid: 0 });
  }
}

function notUsable(file: string, reason: string, cause: unknown): ClaudeMemError {
  return new ClaudeMemError('settings', `${file} ${reason}`, {
    hint: 'Fix or remove it. It must contain a JSON object such as {"CLAUDE_MEM_WORKER_PORT": 37777}.',
    cause,
  });
}
