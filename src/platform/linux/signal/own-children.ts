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
    return lists.flatMap((list = '') =>
      list
        .split(' ')
        .filter((pid) => pid !== '')
        .map(Number),
    );
  } catch {
    return undefined;
  }
}
