import { fail, pass, skip, warn, type Check } from '../check.ts';
import type { Limit } from '../../ports/doctor.ts';

/** Sockets, databases, logs and pipes of a worker with many clients. */
const ENOUGH_FILES = 1_024;
/** With fewer, a worker fails at its first requests. */
const LEAST_FILES = 256;
/** A tree has about ten processes with up to 100 threads; threads count towards the limit. */
const ENOUGH_PROCESSES = 200;
const LEAST_PROCESSES = 50;

export const limitsCheck: Check = {
  id: 'limits',
  title: 'Limits of processes and files',
  why: 'at a limit no process can be started and no file opened, not even to end a leak',
  run: ({ machine }) => {
    const { openFiles, processes } = machine.limits();
    if (openFiles === undefined && processes.length === 0) return skip('unknown on this system');
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

const RAISE_PROCESSES = 'Raise the process limit (ulimit -u, TasksMax of the service, pids limit of the container)';

function freeOf({ most, used = 0 }: Limit): number {
  return Math.max(0, most - used);
}
