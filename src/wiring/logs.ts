import type { Logs } from '../cli/context.ts';
import { LogTail, logNames } from '../state/files/log-files.ts';

/** Opens the logs of a data dir. */
export function openLogs(dataDir: string): Logs {
  return {
    names: () => logNames(dataDir),
    tail: (name) => {
      const tail = new LogTail(dataDir, name);
      return () => tail.read();
    },
  };
}
