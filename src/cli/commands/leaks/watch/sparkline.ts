const BARS = { unicode: '▁▂▃▄▅▆▇█', plain: '_.-:=+*#' } as const;

/**
 * The last values as bars, the newest on the right. The lowest bar is 0 and the highest the greatest of them, so that a height can be
 * read as an amount; values that are not known (null) are blanks.
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
