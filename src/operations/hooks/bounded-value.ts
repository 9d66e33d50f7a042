/** Nested deeper than this a value has no meaning for a reader. Levels. */
const MOST_LEVELS = 12;
/** Items of one list and fields of one object. */
const MOST_ITEMS = 200;
/** Values in all, so that the widths of the levels do not multiply. */
const MOST_VALUES = 2_000;
/** A longer name of a field is no name. Characters. */
const LONGEST_KEY = 200;
/** Characters of all texts together: more than what is kept of a tool's input or answer. */
const MOST_CHARACTERS = 64 * 1024;
/** Characters of one text. */
const LONGEST_TEXT = 16 * 1024;
/** Replaces what is nested too deeply. */
const CUT = '…';

interface Budget {
  values: number;
  characters: number;
}

/**
 * A copy of a JSON value whose depth, number of values, names and texts are bounded. Everything that looks at a hook's input works on
 * such a copy, so the time of a hook does not depend on what it is given. What exceeds a bound is cut, and the rest is kept.
 */
export function boundedValue(value: unknown): unknown {
  return copy(value, MOST_LEVELS, { values: MOST_VALUES, characters: MOST_CHARACTERS });
}

function copy(value: unknown, levels: number, budget: Budget): unknown {
  budget.values -= 1;
  if (typeof value === 'string') return take(value, LONGEST_TEXT, budget);
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return CUT;
  if (Array.isArray(value)) return copyItems(value, levels - 1, budget);
  return copyFields(value as Readonly<Record<string, unknown>>, levels - 1, budget);
}

function copyItems(items: readonly unknown[], levels: number, budget: Budget): unknown[] {
  const copied: unknown[] = [];
  for (const item of items) {
    if (copied.length >= MOST_ITEMS || isSpent(budget)) break;
    copied.push(copy(item, levels, budget));
  }
  return copied;
}

function copyFields(
  fields: Readonly<Record<string, unknown>>,
  levels: number,
  budget: Budget,
): Record<string, unknown> {
  const copied: [string, unknown][] = [];
  // Not Object.entries: the values of a million fields need not be listed for the first 200.
  for (const name in fields) {
    if (copied.length >= MOST_ITEMS || isSpent(budget)) break;
    copied.push([take(name, LONGEST_KEY, budget), copy(fields[name], levels, budget)]);
  }
  return Object.fromEntries(copied);
}

function take(text: string, longest: number, budget: Budget): string {
  const taken = text.slice(0, Math.min(longest, Math.max(0, budget.characters)));
  budget.characters -= taken.length;
  return taken;
}

function isSpent({ values, characters }: Budget): boolean {
  return values <= 0 || characters <= 0;
}
