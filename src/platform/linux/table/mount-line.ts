export interface ProcMountOptions {
  /** 0: nothing hidden, 1: contents, 2: also pids, 4: everything this process may not trace. */
  readonly hidepid: number;
  /** The group whose members see everything. */
  readonly gid: number;
}

const HIDEPID_WORDS: Readonly<Record<string, number>> = { off: 0, noaccess: 1, invisible: 2, ptraceable: 4 };

/** Parses a line of `mountinfo` (proc_pid_mountinfo(5)); undefined if it mounts no procfs. */
export function parseMountLine(line: string | undefined): ProcMountOptions | undefined {
  const [type, , options] = line?.split(' - ')[1]?.split(' ') ?? [];
  if (type !== 'proc') return undefined;
  const valueOf = (name: string): string | undefined =>
    options
      ?.split(',')
      .find((option) => option.startsWith(`${name}=`))
      ?.slice(name.length + 1);
  const hidepid = valueOf('hidepid') ?? '0';
  return { hidepid: HIDEPID_WORDS[hidepid] ?? Number(hidepid), gid: Number(valueOf('gid') ?? 0) };
}
