/** Matches the entry between spaces, which ps prints between variables. */
export function parseMarkHolders(text: string, entry: string): ReadonlySet<number> {
  const pids = text
    .split('\n')
    .filter((line) => `${line} `.includes(` ${entry} `))
    .map((line) => Number(/^\s*(\d+)/.exec(line)?.[1]));
  return new Set(pids.filter(Number.isInteger));
}
