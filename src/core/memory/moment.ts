const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?$/;

/**
 * Parses a day (its beginning in UTC) or a time in ISO 8601 (UTC unless it names an offset).
 * @returns the time in the form of `toISOString`, which can be compared as text; undefined for any other text.
 */
export function parseMoment(text: string): string | undefined {
  if (!DAY.test(text) && !TIME.test(text)) return undefined;
  const hasZone = DAY.test(text) || /(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const date = new Date(hasZone ? text : `${text}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
