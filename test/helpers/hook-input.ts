import { readFileSync } from 'node:fs';

/** A recorded hook input with changes. */
export function hookInput(name: string, changes: Readonly<Record<string, unknown>> = {}): string {
  const file = new URL(`../fixtures/hooks/${name}.json`, import.meta.url);
  return JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), ...changes });
}
