const BARS = { unicode: '▁▂▃▄▅▆▇█', plain: '_.-:=+*#' } as const;

/**
 * Draws the last `width` values as bars, the newest on the right. The scale runs from 0 to the greatest value, or to `least` if that is
 * greater. Unknown values (null) are blank.
 */
export function sparkline(
  values: readonly (number | null)[],
  { width, isUnicode, least = 0 }: { readonly width: number; readonly isUnicode: boolean; readonly least?: number },
): string {
  const shown = width < 1 ? [] : values.slice(-width);
  const bars = isUnicode ? BARS.unicode : BARS.plain;
  const greatest = Math.max(least, ...shown.filter((value) => value !== null));
  const bar = (value: number) => bars.charAt(value === 0 ? 0 : Math.ceil((value / greatest) * (bars.length - 1)));
  return shown.map((value) => (value === null ? ' ' : bar(value))).join('');
}
