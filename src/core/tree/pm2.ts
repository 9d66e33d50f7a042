import type { ProcessIndex } from '../process/process-index.ts';
import type { ProcessRow } from '../process/snapshot.ts';

/** A process of claude-mem below a daemon of PM2. */
export interface Pm2Process {
  readonly row: ProcessRow;
  readonly daemon: ProcessRow;
}

/** PM2's daemon names itself `PM2 v7.0.4: God Daemon (/home/u/.pm2)`, of which the process table shows 15 letters. */
const DAEMON = /^PM2 v?\d/;
/** What was run under PM2 before there was a supervisor. One of ours (`claude-mem start --foreground`) may well be kept by a PM2. */
const OLD_WORKER = /\bworker-service\.(?:cjs|js|mjs)\b|\bclaude-mem-worker\b/;

/** Whether an app of that name is the old worker. */
export function isOldWorkerApp(name: string): boolean {
  return /^claude-mem-worker\b/i.test(name);
}

/** Old workers of this user that run below a daemon of PM2. */
export function pm2Workers(index: ProcessIndex): readonly Pm2Process[] {
  const { processes, self } = index.snapshot;
  return processes
    .filter(({ name, command }) => DAEMON.test(name) || DAEMON.test(command))
    .flatMap((daemon) => index.childrenOf(daemon.pid).map((row) => ({ row, daemon })))
    .filter(({ row }) => OLD_WORKER.test(row.command) && (row.uid === undefined || row.uid === self.uid));
}
