/**
 * The position in a list after a key, between 0 and `last`.
 * @param page number of rows that PageUp and PageDown move.
 * @returns undefined if the key does not move.
 */
export function scrolled(
  key: string,
  position: number,
  { page, last }: { readonly page: number; readonly last: number },
): number | undefined {
  const target = targetOf(key, position, { page: Math.max(1, page), last });
  return target === undefined ? undefined : Math.max(0, Math.min(target, last));
}

function targetOf(
  key: string,
  position: number,
  { page, last }: { readonly page: number; readonly last: number },
): number | undefined {
  switch (key) {
    case 'up':
    case 'k':
      return position - 1;
    case 'down':
    case 'j':
      return position + 1;
    case 'pageup':
      return position - page;
    case 'pagedown':
      return position + page;
    case 'home':
      return 0;
    case 'end':
      return last;
    default:
      return undefined;
  }
}
