import type { ProcessIndex } from './process-index.ts';
import { isClaudeMemScript } from './role-program.ts';
import type { ProcessRow } from './snapshot.ts';

/** A process of claude-mem below a daemon of PM2. */
export interface Pm2Process {
  readonly row: ProcessRow;
  readonly daemon: ProcessRow;
}

/** PM2's daemon names itself `PM2 v7.0.4: God Daemon (/home/u/.pm2)`, of which the process table shows 15 letters. */
const DAEMON = /^PM2 v?\d/;
const APP = /\bclaude-mem\b|\bworker-service\.(?:cjs|js|mjs)\b/;

/** Names of apps under PM2 that are claude-mem's. */
export function isClaudeMemApp(name: string): boolean {
  return /^claude-mem\b/i.test(name);
}

/** What of claude-mem runs below a daemon of PM2. */
export function pm2Processes(index: ProcessIndex): readonly Pm2Process[] {
  return index.snapshot.processes
    .filter(({ name, command }) => DAEMON.test(name) || DAEMON.test(command))
    .flatMap((daemon) =>
      index
        .childrenOf(daemon.pid)
        .filter((row) => isClaudeMemScript(row) || APP.test(row.command))
        .map((row) => ({ row, daemon })),
    );
}
