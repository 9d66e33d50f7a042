import { resolveSettings, SETTING_NAMES, type Settings } from '../../src/core/settings.ts';

/** What each setting does; its name and default come from the code. Null: nothing reads it yet, so there is nothing to promise. */
const MEANING: Readonly<Record<keyof Settings, string | null>> = {
  workerHost: 'loopback address the worker listens on',
  workerPort: 'its port',
  chromaEnabled: '`false`: keyword search only, no Chroma process is ever started',
  chromaMode: '`local` runs chroma-mcp here; `remote` uses a Chroma server that exists',
  chromaHost: 'that server, for `remote`',
  chromaPort: 'its port',
  chromaSsl: 'whether it speaks TLS',
  pythonVersion: 'any uv request; which Python runs chroma-mcp',
  uvx: 'path or name of uvx; looked for in the usual places if not set',
  chromaMemoryLimitMb: null,
  chromaCpuLimitPercent: null,
  chromaIdleSeconds: 'Chroma is closed after so long without use; 0: never',
};

export function renderSettings(): string {
  const { settings } = resolveSettings({ env: {}, config: {}, configFile: '' });
  const rows = (Object.keys(settings) as (keyof Settings)[]).flatMap((key, position) => {
    const meaning = MEANING[key];
    if (meaning === null) return [];
    const fallback = settings[key] === undefined ? '–' : `\`${String(settings[key])}\``;
    return [`| \`${SETTING_NAMES[position]!}\` | ${fallback} | ${meaning} |`];
  });
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
