import { nearestWord } from '../../core/text/nearest-word.ts';

/** The checks of `doctor`, in the order in which they are listed. Kept apart from them: every command knows the names, one runs them. */
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
 * The ids among these names.
 * @returns the ids, or the first name that is none with the id that is nearest to it.
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
  // Half a name is meant more often than a misspelt one.
  const begun = CHECK_IDS.find((id) => wanted.length > 1 && (id.startsWith(wanted) || wanted.startsWith(id)));
  if (begun !== undefined) return begun;
  return nearestWord(wanted, CHECK_IDS) ?? CHECK_IDS[0];
}
