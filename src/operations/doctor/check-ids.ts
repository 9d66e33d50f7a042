import { nearestWord } from '../../shared/nearest-word.ts';
import type { CheckId } from './check.ts';

/**
 * Parses names given on the command line.
 * @returns the ids without duplicates, or the first unknown name with the id nearest to it.
 */
export function parseCheckIds(
  names: readonly string[],
  known: readonly CheckId[],
): { readonly ids: readonly CheckId[] } | { readonly unknown: string; readonly nearest: CheckId } {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) return { unknown, nearest: nearestId(unknown, known) };
  return { ids: [...new Set(names)] };
}

function nearestId(name: string, known: readonly CheckId[]): CheckId {
  const wanted = name.toLowerCase();
  // A shortened name is more likely than a misspelled one.
  const begun = known.find((id) => wanted.length > 1 && (id.startsWith(wanted) || wanted.startsWith(id)));
  if (begun !== undefined) return begun;
  return nearestWord(wanted, known) ?? '';
}
