/** From empty to full, in eighths of a character. */
const BLOCKS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

export interface Chart {
  /** One for each column; undefined: a gap, which stays blank, while even a 0 shows a line. */
  readonly values: readonly (number | undefined)[];
  readonly rows: number;
  /** The top of the scale. */
  readonly most: number;
}

/** Lines of an area chart, the top one first. */
export function drawChart({ values, rows, most }: Chart): readonly string[] {
  const eighths = values.map((value) => (value === undefined ? 0 : filledEighths(value, rows, most)));
  return Array.from({ length: rows }, (_, index) => {
    const below = (rows - 1 - index) * 8;
    return eighths.map((filled) => BLOCKS[Math.max(0, Math.min(8, filled - below))] ?? ' ').join('');
  });
}

function filledEighths(value: number, rows: number, most: number): number {
  return Math.max(1, Math.round((value / Math.max(most, Number.MIN_VALUE)) * rows * 8));
}

/** The smallest of 1, 2, 3, 4, 5, 6, 8 times a power of ten that is not below it, so that the scale can be read. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return (STEPS.find((step) => step * power >= value) ?? 10) * power;
}

const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10] as const;

export interface Timed {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly value: number | null;
}

/** The peak of each of so many equal parts of a time; undefined where nothing is known of it. */
export function peaksOf(
  items: readonly Timed[],
  { columns, sinceMs, untilMs }: { readonly columns: number; readonly sinceMs: number; readonly untilMs: number },
): readonly (number | undefined)[] {
  const peaks = Array<number | undefined>(columns).fill(undefined);
  const columnMs = (untilMs - sinceMs) / columns;
  const columnOf = (ms: number) => Math.max(0, Math.min(columns - 1, Math.floor((ms - sinceMs) / columnMs)));
  for (const { fromMs, untilMs: endMs, value } of items) {
    if (value === null) continue;
    // A sample stands for the time before it: one that ends where a column begins is none of that column's.
    for (let column = columnOf(fromMs); column <= columnOf(endMs - 1); column += 1) {
      peaks[column] = Math.max(peaks[column] ?? 0, value);
    }
  }
  return peaks;
}
