import { resolveSettings, SETTING_NAMES, type Settings } from '../../src/core/settings.ts';

/** The effect of each setting; its name and default come from the code. */
const MEANING: Readonly<Record<keyof Settings, string>> = {
  workerHost: 'loopback address the worker listens on',
  workerPort: 'port of the worker',
  chromaEnabled: '`false`: keyword search only; no Chroma process is started',
  chromaMode: '`local` runs chroma-mcp here; `remote` uses an existing Chroma server',
  chromaHost: 'host of the Chroma server, for `remote`',
  chromaPort: 'port of the Chroma server',
  chromaSsl: 'whether the Chroma server uses TLS',
  pythonVersion: 'the Python that runs chroma-mcp, as any uv version request',
  uvx: 'path or name of uvx; if not set, claude-mem searches the usual places',
  chromaMemoryLimitMb:
    'MB (1,000,000 bytes) of PSS + swap of uv wrapper and python together; above it Chroma is recycled; 0: no limit',
  chromaCpuLimitPercent: 'percent of one core, averaged over a minute; above it Chroma is recycled; 0: no limit',
  chromaIdleSeconds: 'Chroma is closed after this time without use; 0: never',
  contextCharacters: 'length of the context that a new session receives, in characters (about four per token); 0: none',
  excludedProjects:
    'sessions in these places store nothing and get no context: names of projects, and folders (absolute or `~/…`) with everything below; separated by commas, in `config.json` also a list',
  skippedTools:
    'tools of which nothing is stored, such as `WebFetch,mcp__github__*`; separated by commas, in `config.json` also a list',
  logLevel: '`debug`, `info`, `warn` or `error`, for the logs of worker and search server',
};

export interface DescribedSetting {
  readonly name: string;
  /** The default; undefined if there is none. */
  readonly fallback: string | undefined;
  readonly meaning: string;
}

export function describeSettings(): readonly DescribedSetting[] {
  const { settings } = resolveSettings({ env: {}, config: {}, configFile: '' });
  return (Object.keys(settings) as (keyof Settings)[]).map((key, position) => ({
    name: SETTING_NAMES[position]!,
    fallback: String(settings[key] ?? '') === '' ? undefined : String(settings[key]),
    meaning: MEANING[key],
  }));
}

export function renderSettings(): string {
  const rows = describeSettings().map(
    ({ name, fallback, meaning }) =>
      `| \`${name}\` | ${fallback === undefined ? '–' : `\`${fallback}\``} | ${meaning} |`,
  );
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
