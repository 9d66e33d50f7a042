import { resolveSettings, SETTING_NAMES, type Settings } from '../../src/core/settings.ts';

/** What each setting does; its name and default come from the code. */
const MEANING: Readonly<Record<keyof Settings, string>> = {
  workerHost: 'loopback address the worker listens on',
  workerPort: 'its port',
  chromaEnabled: '`false`: keyword search only, no Chroma process is ever started',
  chromaMode: '`local` runs chroma-mcp here; `remote` uses a Chroma server that exists',
  chromaHost: 'that server, for `remote`',
  chromaPort: 'its port',
  chromaSsl: 'whether it speaks TLS',
  pythonVersion: 'any uv request; which Python runs chroma-mcp',
  uvx: 'path or name of uvx; looked for in the usual places if not set',
  chromaMemoryLimitMb: 'PSS + swap of Chroma, wrapper and python together; above it Chroma is recycled; 0: no limit',
  chromaCpuLimitPercent: 'percent of one core, averaged over a minute; above it Chroma is recycled; 0: no limit',
  chromaIdleSeconds: 'Chroma is closed after so long without use; 0: never',
};

export function renderSettings(): string {
  const { settings } = resolveSettings({ env: {}, config: {}, configFile: '' });
  const rows = (Object.keys(settings) as (keyof Settings)[]).map((key, position) => {
    const fallback = settings[key] === undefined ? '–' : `\`${String(settings[key])}\``;
    return `| \`${SETTING_NAMES[position]!}\` | ${fallback} | ${MEANING[key]} |`;
  });
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
