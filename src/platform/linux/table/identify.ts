import { readUptime } from '../machine/uptime.ts';
import { TICKS_PER_SECOND } from '../../../core/process/identity.ts';
import type { ProcessRow } from '../../../core/process/snapshot.ts';
import { readCommandLine } from './command-line-file.ts';
import { effectiveUid } from './proc-file.ts';
import { readStat } from './read-stat.ts';
import { rowOf } from './stat-line.ts';

/** One process by pid, with its start; undefined if it does not exist or cannot be read. */
export function identifyProcess(pid: number): ProcessRow | undefined {
  const directory = `/proc/${pid}`;
  const line = readStat(directory);
  if (typeof line === 'string') return undefined;
  const read = readCommandLine(directory);
  const commandLine = typeof read === 'string' ? { argv: [], command: '' } : read;
  const uid = effectiveUid(directory);
  const bootedAtMs = Date.now() - readUptime() * 1000;
  return {
    ...rowOf(line),
    startedAt: new Date(bootedAtMs + (line.startTicks / TICKS_PER_SECOND) * 1000).toISOString(),
    ...commandLine,
    ...(uid === undefined ? {} : { uid }),
  };
}
