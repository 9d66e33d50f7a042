/** Nesting levels; deeper values mean nothing to a reader. */
const MOST_LEVELS = 12;
/** Items per list and fields per object. */
const MOST_ITEMS = 200;
/** Values in total, so that the widths of the levels do not multiply. */
const MOST_VALUES = 2_000;
/** Characters of a field name. */
const LONGEST_KEY = 200;
/** Characters of all texts together: more than is kept of a tool's input or answer. */
const MOST_CHARACTERS = 64 * 1024;
/** Characters of one text. */
const LONGEST_TEXT = 16 * 1024;
/** Characters of its end, which reports the outcome of a command. */
const KEPT_END = 4 * 1024;
/** Begins something that must be removed as a whole. If that is in the dropped part of a text, its rest may be at the end. */
const BEGINS_SECRET = /private|-----BEGIN /i;
/** Replaces what is left out. */
const CUT = '…';

interface Budget {
  values: number;
  characters: number;
}

/**
 * Copies a JSON value within bounds for depth, number of values, names and texts. All later code works on the copy, so the run time of a
 * hook does not depend on its input. A part that exceeds a bound is cut; the rest is kept.
 */
export function boundedValue(value: unknown): unknown {
  return copy(value, MOST_LEVELS, { values: MOST_VALUES, characters: MOST_CHARACTERS });
}

function copy(value: unknown, levels: number, budget: Budget): unknown {
  budget.values -= 1;
  if (typeof value === 'string') return takeEnds(value, budget);
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
  // Not Object.entries, which would list a million fields to get the first 200.
  for (const name in fields) {
    if (copied.length >= MOST_ITEMS || isSpent(budget)) break;
    copied.push([take(name, LONGEST_KEY, budget), copy(fields[name], levels, budget)]);
  }
  return Object.fromEntries(copied);
}

/** The beginning and the end of a long text, with a line `…` in between. */
function takeEnds(text: string, budget: Budget): string {
  if (text.length <= LONGEST_TEXT) return take(text, LONGEST_TEXT, budget);
  const begin = take(text, LONGEST_TEXT - KEPT_END, budget);
  const dropped = text.slice(begin.length, -KEPT_END);
  if (budget.characters < KEPT_END || BEGINS_SECRET.test(dropped)) return begin;
  const end = take(text.slice(-KEPT_END), KEPT_END, budget);
  const firstLine = end.indexOf('\n');
  // A cut line may contain half of a secret.
  return firstLine < 0 ? begin : `${begin}\n${CUT}${end.slice(firstLine)}`;
}

function take(text: string, longest: number, budget: Budget): string {
  const taken = text.slice(0, Math.min(longest, Math.max(0, budget.characters)));
  budget.characters -= taken.length;
  return taken;
}

function isSpent({ values, characters }: Budget): boolean {
  return values <= 0 || characters <= 0;
}
