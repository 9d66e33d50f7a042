/** Draws the lines before a row of a tree. A branch continues if a row of the same depth follows before a row of a lower depth. */
export function branchOf(depths: readonly number[], position: number, isUnicode = true): string {
  const [next, last, on] = isUnicode ? ['├─ ', '└─ ', '│  '] : ['|- ', '`- ', '|  '];
  const depth = depths[position] ?? 0;
  const goesOn = (level: number): boolean => depths.slice(position + 1).find((other) => other <= level) === level;
  return Array.from({ length: depth }, (_, index) => {
    const level = index + 1;
    if (level === depth) return goesOn(level) ? next : last;
    return goesOn(level) ? on : '   ';
  }).join('');
}
