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
  chromaMemoryLimitMb: 'PSS + swap of uv wrapper and python together; above it Chroma is recycled; 0: no limit',
  chromaCpuLimitPercent: 'percent of one core, averaged over a minute; above it Chroma is recycled; 0: no limit',
  chromaIdleSeconds: 'Chroma is closed after this time without use; 0: never',
};

export function renderSettings(): string {
  const { settings } = resolveSettings({ env: {}, config: {}, configFile: '' });
  const rows = (Object.keys(settings) as (keyof Settings)[]).map((key, position) => {
    const fallback = settings[key] === undefined ? '–' : `\`${String(settings[key])}\``;
    return `| \`${SETTING_NAMES[position]!}\` | ${fallback} | ${MEANING[key]} |`;
  });
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
