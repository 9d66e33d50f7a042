import { readdirSync } from 'node:fs';
import { readProcText } from '../table/proc-text.ts';

/**
 * The pids of this process's children, adopted ones included: each thread has its own. Undefined where the kernel was built without
 * that list (CONFIG_PROC_CHILDREN), and where it is longer than 64 KiB, some 8,000 children.
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
