import { nearestWord } from '../../core/text/nearest-word.ts';

/** The checks of `doctor`, in listing order. Apart from the checks themselves, so that other commands load the names alone. */
export const CHECK_IDS = [
  'node',
  'settings',
  'data-dir',
  'disk-space',
  'network-file-system',
  'uv',
  'python',
  'packages',
  'model',
  'process-table',
  'manifests',
  'stale-entries',
  'supervisor',
  'worker',
  'search-server',
  'chroma',
  'version',
  'port',
  'orphans',
  'excess',
  'process-counts',
  'tree-memory',
  'zombies',
  'vector-writers',
  'other-installations',
  'pm2',
  'guards',
  'limits',
  'machine-memory',
  'logs',
] as const;

export type CheckId = (typeof CHECK_IDS)[number];

/**
 * Parses names given on the command line.
 * @returns the ids without duplicates, or the first unknown name with the id nearest to it.
 */
export function parseCheckIds(
  names: readonly string[],
): { readonly ids: readonly CheckId[] } | { readonly unknown: string; readonly nearest: CheckId } {
  const unknown = names.find((name) => !isCheckId(name));
  if (unknown !== undefined) return { unknown, nearest: nearestId(unknown) };
  return { ids: [...new Set(names.filter(isCheckId))] };
}

function isCheckId(name: string): name is CheckId {
  return CHECK_IDS.some((id) => id === name);
}

function nearestId(name: string): CheckId {
  const wanted = name.toLowerCase();
  // A shortened name is more likely than a misspelt one.
  const begun = CHECK_IDS.find((id) => wanted.length > 1 && (id.startsWith(wanted) || wanted.startsWith(id)));
  if (begun !== undefined) return begun;
  return nearestWord(wanted, CHECK_IDS) ?? CHECK_IDS[0];
}
