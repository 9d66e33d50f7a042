import type { ProcessIndex } from '../process/process-index.ts';
import type { ProcessRow } from '../process/snapshot.ts';

/** An old worker below a PM2 daemon. */
export interface Pm2Process {
  readonly row: ProcessRow;
  readonly daemon: ProcessRow;
}

/** PM2's daemon has the title `PM2 v7.0.4: God Daemon (/home/u/.pm2)`, cut to 15 bytes in the process name. */
const DAEMON = /^PM2 v?\d/;
/** The worker that ran under PM2 before claude-mem had a supervisor. `claude-mem start --foreground` under PM2 is fine. */
const OLD_WORKER = /\bworker-service\.(?:cjs|js|mjs)\b|\bclaude-mem-worker\b/;

/** Whether a PM2 app of that name is the old worker. */
export function isOldWorkerApp(name: string): boolean {
  return /^claude-mem-worker\b/i.test(name);
}

/** This user's old workers below a PM2 daemon. */
export function pm2Workers(index: ProcessIndex): readonly Pm2Process[] {
  const { processes, self } = index.snapshot;
  return processes
    .filter(({ name, command }) => DAEMON.test(name) || DAEMON.test(command))
    .flatMap((daemon) => index.childrenOf(daemon.pid).map((row) => ({ row, daemon })))
    .filter(({ row }) => OLD_WORKER.test(row.command) && (row.uid === undefined || row.uid === self.uid));
}
