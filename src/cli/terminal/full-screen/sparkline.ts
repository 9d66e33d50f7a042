const BARS = { unicode: '▁▂▃▄▅▆▇█', plain: '_.-:=+*#' } as const;

/**
 * Draws the last `width` values as bars, the newest on the right. The scale runs from 0 to the greatest value. Unknown values (null) are
 * blank.
 */
export function sparkline(
  values: readonly (number | null)[],
  { width, isUnicode }: { readonly width: number; readonly isUnicode: boolean },
): string {
  const shown = width < 1 ? [] : values.slice(-width);
  const bars = isUnicode ? BARS.unicode : BARS.plain;
  const greatest = Math.max(0, ...shown.filter((value) => value !== null));
  const bar = (value: number) => bars.charAt(value === 0 ? 0 : Math.ceil((value / greatest) * (bars.length - 1)));
  return shown.map((value) => (value === null ? ' ' : bar(value))).join('');
}
