import { fail, pass, skip, warn, type Check } from '../check.ts';
import type { Limit } from '../../ports/doctor.ts';

/** Sockets, databases, logs and pipes of a worker with many clients. */
const ENOUGH_FILES = 1_024;
/** With less a worker fails at its first requests. */
const LEAST_FILES = 256;
/** A tree is some ten processes with up to 100 threads, which count too. */
const ENOUGH_PROCESSES = 200;
const LEAST_PROCESSES = 50;

export const limitsCheck: Check = {
  id: 'limits',
  title: 'Limits of processes and files',
  why: 'at a limit nothing can be started or opened any more, not even what ends a leak',
  run: ({ machine }) => {
    const { openFiles, processes } = machine.limits();
    if (openFiles === undefined && processes.length === 0) return skip('not known on this system');
    const files = openFiles?.most ?? Infinity;
    const [tightest] = [...processes].sort((left, right) => freeOf(left) - freeOf(right));
    const free = tightest === undefined ? Infinity : freeOf(tightest);
    const words = [
      openFiles === undefined ? 'open files unlimited' : `${openFiles.most} open files`,
      tightest === undefined ? 'processes unlimited' : `room for ${free} more processes (${tightest.of})`,
    ].join(', ');
    const fix = files < ENOUGH_FILES ? 'ulimit -n 4096  (where claude-mem is started)' : RAISE_PROCESSES;
    if (files < LEAST_FILES || free < LEAST_PROCESSES) return fail(words, fix);
    return files < ENOUGH_FILES || free < ENOUGH_PROCESSES ? warn(words, fix) : pass(words);
  },
};

const RAISE_PROCESSES = 'Raise the limit of processes (ulimit -u, TasksMax of the service, pids of the container)';

function freeOf({ most, used = 0 }: Limit): number {
  return Math.max(0, most - used);
}
