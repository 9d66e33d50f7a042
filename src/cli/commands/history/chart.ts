/** From empty to full, in eighths of a character. */
const BLOCKS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

export interface Chart {
  /** One value per column. Undefined is a gap and stays blank; 0 still draws a line. */
  readonly values: readonly (number | undefined)[];
  readonly rows: number;
  /** The top of the scale. */
  readonly most: number;
}

/** Draws the lines of an area chart, the top line first. */
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

/** Rounds up to the next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten, for a readable scale. */
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

/** Divides a time span into equal columns and takes the peak of each; undefined for a column without values. */
export function peaksOf(
  items: readonly Timed[],
  { columns, sinceMs, untilMs }: { readonly columns: number; readonly sinceMs: number; readonly untilMs: number },
): readonly (number | undefined)[] {
  const peaks = Array<number | undefined>(columns).fill(undefined);
  const columnMs = (untilMs - sinceMs) / columns;
  const columnOf = (ms: number) => Math.max(0, Math.min(columns - 1, Math.floor((ms - sinceMs) / columnMs)));
  for (const { fromMs, untilMs: endMs, value } of items) {
    if (value === null) continue;
    // A sample covers the time before it, so a sample that ends where a column begins does not count for that column.
    for (let column = columnOf(fromMs); column <= columnOf(endMs - 1); column += 1) {
      peaks[column] = Math.max(peaks[column] ?? 0, value);
    }
  }
  return peaks;
}
