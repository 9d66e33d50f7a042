import { uptime } from 'node:os';
import { TICKS_PER_SECOND } from '../../core/identity.ts';
import type { ProcessRow } from '../../core/snapshot.ts';
import { joinCommandLine, parseCommandLine } from './command-line.ts';
import { effectiveUid, readProcFile } from './proc-file.ts';
import { parseStatLine, rowOf } from './stat-line.ts';

/** One process by its pid, with its start; undefined if it is not there or cannot be read. */
export function identifyProcess(pid: number): ProcessRow | undefined {
  const directory = `/proc/${pid}`;
  const bytes = readProcFile(`${directory}/stat`);
  const line = typeof bytes === 'string' ? undefined : parseStatLine(bytes.toString('utf8'));
  if (line === undefined) return undefined;
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
