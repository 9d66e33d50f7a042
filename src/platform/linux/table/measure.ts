import type { MeasuredProcess } from '../../../operations/ports/tree.ts';
import { readPageBytes, readProportionalMemory } from './memory.ts';
import { readProcFile } from './proc-file.ts';
import { parseStatLine } from './stat-line.ts';

let pageBytes: number | undefined;

/** Current use of one process: reads two files, of which memory costs about 1 ms. Undefined if it is gone. */
export function measureProcess(pid: number): MeasuredProcess | undefined {
  const directory = `/proc/${pid}`;
  const bytes = readProcFile(`${directory}/stat`);
  const line = typeof bytes === 'string' ? undefined : parseStatLine(bytes.toString('utf8'));
  if (line === undefined) return undefined;
  pageBytes ??= readPageBytes('/proc');
  const { startTicks, cpuTicks, state, threads, rssPages } = line;
  return {
    startTicks,
    cpuTicks,
    state,
    threads,
    rssBytes: rssPages * pageBytes,
    ...readProportionalMemory(directory),
  };
}
