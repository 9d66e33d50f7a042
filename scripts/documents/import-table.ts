interface Zone {
  /** `./src/<layer>`. */
  readonly target: string;
  readonly from: string;
  /** Files or folders of `from` that may be imported anyway, relative to `from`. */
  readonly except: readonly string[];
}

interface ConfigItem {
  readonly rules?: Readonly<Record<string, unknown>>;
}

const RULE = 'import-x/no-restricted-paths';

/** The import table, read from the linter's own configuration. */
export async function renderImportTable(): Promise<string> {
  const url = new URL('../../eslint.config.js', import.meta.url).href;
  const { default: config } = (await import(url)) as { default: readonly ConfigItem[] };
  const zones = config.flatMap(({ rules }) => zonesOf(rules?.[RULE]));
  const layers = [...new Set(zones.map(({ target }) => nameOf(target)))];
  const rows = layers.map((layer) => `| \`${layer}\` | ${allowed(layer, layers, zones)} |`);
  // A layer without a zone may import everything; it shows up only as a source that others must not import.
  const unlimited = [...new Set(zones.map(({ from }) => nameOf(from)))].filter((layer) => !layers.includes(layer));
  const roots = unlimited.map((layer) => `| \`${layer}\` | everything: it is where the adapters are chosen |`);
  return ['| layer | may import, besides itself |', '|---|---|', ...rows, ...roots].join('\n');
}

function zonesOf(rule: unknown): readonly Zone[] {
  return Array.isArray(rule) ? (rule[1] as { zones: readonly Zone[] }).zones : [];
}

function allowed(layer: string, layers: readonly string[], zones: readonly Zone[]): string {
  const parts = layers
    .filter((other) => other !== layer)
    .flatMap((other) => {
      const zone = zones.find(({ target, from }) => nameOf(target) === layer && nameOf(from) === other);
      if (zone === undefined) return [`\`${other}\``];
      return zone.except.map((file) => `\`${other}/${file.replace(/^\.\//, '')}\``);
    });
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

function nameOf(path: string): string {
  return path.replace('./src/', '');
}
