import { readdirSync } from 'node:fs';
import { readProcText } from '../table/proc-text.ts';

/**
 * The pids of this process's children, including adopted ones, from all threads. Undefined if the kernel lacks this
 * list (CONFIG_PROC_CHILDREN) or it is longer than 64 KiB, about 8,000 children.
 */
export function listOwnChildren(): readonly number[] | undefined {
  try {
    const lists = readdirSync('/proc/self/task').map((thread) => readProcText(`/proc/self/task/${thread}/children`));
    if (lists.includes(undefined)) return undefined;
    return lists.flatMap((list = '') => pidsOf(list));
  } catch {
    return undefined;
  }
}

/** The pids of the main thread's children, including adopted ones. Undefined as in `listOwnChildren`. */
export function listMainChildren(): readonly number[] | undefined {
  const list = readProcText(`/proc/self/task/${process.pid}/children`);
  return list === undefined ? undefined : pidsOf(list);
}

/** Whether a process is a zombie. */
export function hasEnded(pid: number): boolean {
  // The name, which may contain any character, ends at the last bracket.
  return readProcText(`/proc/${pid}/stat`)?.split(') ').at(-1)?.startsWith('Z ') === true;
}

function pidsOf(list: string): readonly number[] {
  return list
    .split(' ')
    .filter((pid) => pid !== '')
    .map(Number);
}
