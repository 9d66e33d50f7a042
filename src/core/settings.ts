/** The settings from the environment and `config.json`. */
export interface Settings {
  /** Loopback address the worker listens on. */
  readonly workerHost: string;
  /** 1–65535. */
  readonly workerPort: number;
  readonly chromaEnabled: boolean;
  /** `remote` uses an existing Chroma server. */
  readonly chromaMode: 'local' | 'remote';
  readonly chromaHost: string;
  readonly chromaPort: number;
  readonly chromaSsl: boolean;
  /** Any uv request. */
  readonly pythonVersion: string;
  /** Path or name of uvx; undefined: search for it. */
  readonly uvx: string | undefined;
  /** PSS + swap of wrapper and python together, in MB of 1,000,000 bytes; 0: no limit. */
  readonly chromaMemoryLimitMb: number;
  /** Percent of one core, over time; 0: no limit. */
  readonly chromaCpuLimitPercent: number;
  /** Seconds without use after which Chroma is closed; 0: never. */
  readonly chromaIdleSeconds: number;
  /** Length of the context that a new session receives; 0: none. */
  readonly contextCharacters: number;
  /** Folders and names of projects of which nothing is stored: see `isExcluded`. */
  readonly excludedProjects: readonly string[];
  /** Tools of which nothing is stored: see `isSkippedTool`. */
  readonly skippedTools: readonly string[];
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** An invalid value and its source. */
export interface SettingProblem {
  readonly name: string;
  readonly value: string;
  /** `environment` or the path of the file. */
  readonly source: string;
  readonly expected: string;
}

interface Setting<T> {
  readonly name: string;
  readonly fallback: T;
  readonly expected: string;
  readonly parse: (text: string) => T | undefined;
}

const DEFINITIONS = {
  workerHost: loopback('CLAUDE_MEM_WORKER_HOST', '127.0.0.1'),
  workerPort: whole('CLAUDE_MEM_WORKER_PORT', 37_777, 1, 65_535),
  chromaEnabled: flag('CLAUDE_MEM_CHROMA_ENABLED', true),
  chromaMode: choice('CLAUDE_MEM_CHROMA_MODE', 'local', ['local', 'remote'] as const),
  chromaHost: text('CLAUDE_MEM_CHROMA_HOST', '127.0.0.1'),
  chromaPort: whole('CLAUDE_MEM_CHROMA_PORT', 8_000, 1, 65_535),
  chromaSsl: flag('CLAUDE_MEM_CHROMA_SSL', false),
  pythonVersion: text('CLAUDE_MEM_PYTHON_VERSION', '>=3.10,<3.14'),
  uvx: { ...text('CLAUDE_MEM_UVX', undefined), fallback: undefined } as Setting<string | undefined>,
  chromaMemoryLimitMb: whole('CLAUDE_MEM_CHROMA_MEMORY_LIMIT_MB', 2_048, 0, 1_000_000),
  chromaCpuLimitPercent: whole('CLAUDE_MEM_CHROMA_CPU_LIMIT_PERCENT', 0, 0, 100_000),
  chromaIdleSeconds: whole('CLAUDE_MEM_CHROMA_IDLE_SECONDS', 600, 0, 1_000_000),
  contextCharacters: whole('CLAUDE_MEM_CONTEXT_CHARACTERS', 6_000, 0, 100_000),
  excludedProjects: list('CLAUDE_MEM_EXCLUDED_PROJECTS', 'folders (absolute or ~/…) and names of projects', (entry) =>
    /^(?:~?\/|~$|[A-Za-z]:[\\/])/.test(entry) ? true : !/[\\/~]/.test(entry),
  ),
  skippedTools: list('CLAUDE_MEM_SKIPPED_TOOLS', 'names of tools', (entry) => /^[\w.:-]{1,200}\*?$/.test(entry)),
  logLevel: choice('CLAUDE_MEM_LOG_LEVEL', 'info', ['debug', 'info', 'warn', 'error'] as const),
} satisfies { [Key in keyof Settings]: Setting<Settings[Key]> };

const KEYS = Object.keys(DEFINITIONS) as (keyof Settings)[];

/** Names of the settings in the environment. */
export const SETTING_NAMES: readonly string[] = KEYS.map((key) => DEFINITIONS[key].name);

/**
 * Resolves each setting from the environment, else from `config.json`, else to its default. The file may use the long names
 * (`CLAUDE_MEM_WORKER_PORT`) or the short ones (`workerPort`).
 */
export function resolveSettings(input: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly configFile: string;
}): { readonly settings: Settings; readonly problems: readonly SettingProblem[] } {
  const problems: SettingProblem[] = [];
  const resolved = KEYS.map((key) => {
    const { name, fallback, expected, parse }: Setting<unknown> = DEFINITIONS[key];
    const found = findValue(key, name, input);
    if (found === undefined) return [key, fallback] as const;
    const value = parse(found.value.trim());
    if (value === undefined) problems.push({ name, value: found.value, source: found.source, expected });
    return [key, value ?? fallback] as const;
  });
  return { settings: Object.fromEntries(resolved) as unknown as Settings, problems };
}

/** Other names allowed in `config.json`: editors read `$schema`. */
const OTHER_KEYS: ReadonlySet<string> = new Set(['$schema']);

/** The first key that is not a setting, and the settings whose names it may misspell; undefined if every key is known. */
export function findUnknownKey(
  config: Readonly<Record<string, unknown>>,
): { readonly key: string; readonly candidates: readonly string[] } | undefined {
  const known: readonly string[] = [...SETTING_NAMES, ...KEYS];
  const key = Object.keys(config).find((name) => !known.includes(name) && !OTHER_KEYS.has(name));
  if (key === undefined) return undefined;
  // Short names are compared with short names. Otherwise any short name is nearest to a word in lower case.
  return { key, candidates: /^claude_?mem/i.test(key) ? SETTING_NAMES : KEYS };
}

function findValue(key: string, name: string, { env, config, configFile }: Parameters<typeof resolveSettings>[0]) {
  const fromEnv = env[name];
  if (fromEnv !== undefined && fromEnv !== '') return { value: fromEnv, source: 'environment' };
  const fromFile = config[name] ?? config[key];
  if (fromFile === undefined || fromFile === null || fromFile === '') return undefined;
  return {
    value: typeof fromFile === 'string' ? fromFile : JSON.stringify(fromFile),
    source: configFile,
  };
}

function whole(name: string, fallback: number, least: number, most: number): Setting<number> {
  return {
    name,
    fallback,
    expected: `a whole number from ${least} to ${most}`,
    parse: (value) => {
      const number = Number(value);
      return /^\d+$/.test(value) && number >= least && number <= most ? number : undefined;
    },
  };
}

function flag(name: string, fallback: boolean): Setting<boolean> {
  return {
    name,
    fallback,
    expected: 'true or false',
    parse: (value) => {
      if (/^(?:true|1|yes|on)$/i.test(value)) return true;
      return /^(?:false|0|no|off)$/i.test(value) ? false : undefined;
    },
  };
}

function choice<const T extends string>(name: string, fallback: T, choices: readonly T[]): Setting<T> {
  return { name, fallback, expected: choices.join(' or '), parse: (value) => choices.find((item) => item === value) };
}

/** Separated by commas; in `config.json` also a list. */
function list(name: string, what: string, isEntry: (entry: string) => boolean): Setting<readonly string[]> {
  return {
    name,
    fallback: [],
    expected: `${what}, separated by commas`,
    parse: (value) => {
      // An object of `config.json` is no list.
      const entries = /^[[{]/.test(value) ? parseList(value) : value.split(',');
      const wanted = entries?.map((entry) => entry.trim()).filter((entry) => entry !== '');
      // The hook script reads them from one line.
      return wanted?.every((entry) => !/[,\n\r]/.test(entry) && isEntry(entry)) === true ? wanted : undefined;
    },
  };
}

function parseList(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
  } catch {
    // Not JSON: the caller reports the value.
    return undefined;
  }
}

function text<T extends string | undefined>(name: string, fallback: T): Setting<T | string> {
  return { name, fallback, expected: 'a non-empty text', parse: (value) => (value === '' ? undefined : value) };
}

/** Loopback addresses only: the worker sends its token over plain HTTP. */
function loopback(name: string, fallback: string): Setting<string> {
  return {
    name,
    fallback,
    expected: 'a loopback address: 127.0.0.1, ::1 or localhost',
    parse: (value) => (/^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/.test(value) ? value : undefined),
  };
}
