import type { Log } from '../src/shared/log.ts';

/** A log that can be looked at: one line each, `level message {fields}`. */
export function aLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      const plain = Object.entries(fields).map(([name, value]) => [
        name,
        value instanceof Error ? value.message : value,
      ]);
      lines.push(`${level} ${message} ${JSON.stringify(Object.fromEntries(plain))}`);
    };
  return { log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }, lines };
}
