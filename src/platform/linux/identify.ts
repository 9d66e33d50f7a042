import { uptime } from 'node:os';
import { TICKS_PER_SECOND } from '../../core/identity.ts';
import type { ProcessRow } from '../../core/snapshot.ts';
import { joinCommandLine, parseCommandLine } from './command-line.ts';
import { effectiveUid, readProcFile } from './proc-file.ts';
import { readStat } from './read-stat.ts';
import { rowOf } from './stat-line.ts';

/** One process by its pid, with its start; undefined if it is not there or cannot be read. */
export function identifyProcess(pid: number): ProcessRow | undefined {
  const directory = `/proc/${pid}`;
  const line = readStat(directory);
  if (typeof line === 'string') return undefined;
  const command = readProcFile(`${directory}/cmdline`);
  const argv = typeof command === 'string' ? [] : parseCommandLine(command);
  const uid = effectiveUid(directory);
  const bootedAtMs = Date.now() - uptime() * 1000;
  return {
    ...rowOf(line),
    startedAt: new Date(bootedAtMs + (line.startTicks / TICKS_PER_SECOND) * 1000).toISOString(),
    argv,
    command: joinCommandLine(argv),
    ...(uid === undefined ? {} : { uid }),
  };
}
