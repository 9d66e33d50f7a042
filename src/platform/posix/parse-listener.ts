/** The first pid in the output of `lsof -Fp`: lines of `p<pid>`, then `f<fd>`. */
export function parseListener(output: string | null): number | undefined {
  const pid = /^p(\d+)$/m.exec(output ?? '')?.[1];
  return pid === undefined ? undefined : Number(pid);
}
