import { readdirSync, readFileSync } from 'node:fs';

/**
 * The pids of this process's children, adopted ones included: each thread has its own. Undefined where the kernel was built without
 * that list (CONFIG_PROC_CHILDREN).
 */
export function listOwnChildren(): readonly number[] | undefined {
  try {
    return readdirSync('/proc/self/task').flatMap((thread) =>
      readFileSync(`/proc/self/task/${thread}/children`, 'latin1')
        .split(' ')
        .filter((pid) => pid !== '')
        .map(Number),
    );
  } catch {
    // Without the list, or a thread that has just ended.
    return undefined;
  }
}
