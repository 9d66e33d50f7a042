import { join } from 'node:path';
import { resolveSettings, type Settings } from '../core/settings.ts';
import { ClaudeMemError, errnoOf } from '../shared/errors.ts';
import { readBoundedText } from './bounded-read.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;

/**
 * The settings: environment over `config.json` over defaults.
 * @throws ClaudeMemError `settings` naming the value that cannot be used, its source, and what is expected.
 */
export function readSettings(dataDir: string, env: Readonly<Record<string, string | undefined>>): Settings {
  const configFile = join(dataDir, 'config.json');
  const { settings, problems } = resolveSettings({ env, config: readConfig(configFile), configFile });
  const [problem] = problems;
  if (problem === undefined) return settings;
  throw new ClaudeMemError(
    'settings',
    `${problem.name} is "${problem.value}" (from ${problem.source === 'environment' ? 'the environment' : problem.source})`,
    { hint: `Expected ${problem.expected}.` },
  );
}

function readConfig(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readBoundedText(file, MAX_CONFIG_BYTES);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {};
    throw notUsable(file, error instanceof Error ? error.message : String(error), error);
  }
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === 'object' && config !== null && !Array.isArray(config))
      return config as Record<string, unknown>;
  } catch (error) {
    throw notUsable(file, error instanceof Error ? error.message : 'not JSON', error);
  }
  throw notUsable(file, 'not a JSON object', undefined);
}

function notUsable(file: string, reason: string, cause: unknown): ClaudeMemError {
  return new ClaudeMemError('settings', `${file} cannot be read: ${reason}`, {
    hint: 'Mend or remove it; it holds a JSON object such as {"CLAUDE_MEM_WORKER_PORT": 37777}.',
    cause,
  });
}
