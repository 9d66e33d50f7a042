export interface ProcessLink {
  readonly pid: number;
  readonly ppid: number;
}

/** Parses lines of a pid and its parent's pid. */
export function parseLinks(text: string): readonly ProcessLink[] {
  return text
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s*$/.exec(line))
    .filter((found) => found !== null)
    .map(([, pid, ppid]) => ({ pid: Number(pid), ppid: Number(ppid) }));
}
