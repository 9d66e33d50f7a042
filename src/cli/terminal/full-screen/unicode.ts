/** Whether the locale can show characters such as `█`. The first variable that is set and not empty counts, as in the C library. */
export function isUnicodeTerminal({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  return /utf-?8/i.test([LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '') ?? '');
}
