import type { ProcessRow } from '../../core/process/snapshot.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import { withTimeout } from '../../shared/with-timeout.ts';
import { terminateLeft, type EndLeftPorts, type EndLeftResult } from './terminate-left.ts';
import type { CommandEnd, RunCommand } from '../ports/process.ts';
import { VERIFY_MARK, Watch, type SettledLook, type WatchPorts } from './watch.ts';

export interface VerifyCommandPorts extends WatchPorts, Omit<EndLeftPorts, 'watch'> {
  readonly run: RunCommand;
  /** Whether this process is a subreaper: orphans among its descendants are re-parented to it. */
  readonly adopts: boolean;
}

export interface VerifyCommandOptions {
  readonly argv: readonly string[];
  readonly mark: string;
  /** How long the command's descendants may run after the command has ended, in milliseconds. */
  readonly settleMs: number;
  readonly isAllowed: (row: ProcessRow) => boolean;
  /** Ends the processes left, with this grace period in milliseconds. Absent: ends none. */
  readonly reap?: { readonly graceMs: number };
  /** Called when the command has ended. @returns the signals that interrupt the rest. */
  readonly onEnded?: () => { readonly interrupted: AbortSignal; readonly forced: AbortSignal };
}

export interface CommandVerification {
  readonly end: CommandEnd;
  /** The last reading, or its error. */
  readonly settled: SettledLook | ClaudeMemError;
  readonly reaped: EndLeftResult | undefined;
}

/** Between two readings while the command runs, in milliseconds. A subreaper keeps all orphans; otherwise a rare reading would lose them. */
const FOLLOW_EVERY_MS = { adopting: 1_000, notAdopting: 250 } as const;

/**
 * Runs a command and reports the processes it left behind.
 * @throws ClaudeMemError `process-table-unreadable` before the command runs.
 */
export async function verifyCommand(
  ports: VerifyCommandPorts,
  options: VerifyCommandOptions,
): Promise<CommandVerification> {
  const running: { pid: number | undefined; hasEnded: boolean } = { pid: undefined, hasEnded: false };
  const watch = await Watch.begin(ports, {
    mark: options.mark,
    claimsChildren: ports.adopts,
    children: () => new Set(running.pid === undefined ? [] : [running.pid]),
    // Node.js waits for the command itself. Its pid can be reused only after that.
    mayWaitFor: (row) => row.pid !== running.pid || running.hasEnded,
    isAllowed: options.isAllowed,
  });
  const command = ports.run(options.argv, { [VERIFY_MARK]: options.mark });
  running.pid = command.pid;
  const end = await followUntilEnd(command.ended, watch, ports.adopts);
  running.hasEnded = true;
  try {
    return { end, ...(await settleAndReap({ ...ports, watch }, options)) };
  } catch (error) {
    // The command has run, so its exit code must be reported.
    if (error instanceof ClaudeMemError) return { end, settled: error, reaped: undefined };
    throw error;
  }
}

async function settleAndReap(
  ports: EndLeftPorts,
  { settleMs, reap, onEnded }: VerifyCommandOptions,
): Promise<Omit<CommandVerification, 'end'>> {
  const signals = onEnded?.();
  const settled = await ports.watch.settle(settleMs, signals?.interrupted);
  if (reap === undefined || settled.left.length === 0) return { settled, reaped: undefined };
  return { settled, reaped: await terminateLeft(ports, { graceMs: reap.graceMs, ...signals }) };
}

/** Readings that fail meanwhile are ignored: the reading at the end decides. */
async function followUntilEnd(ended: Promise<CommandEnd>, watch: Watch, adopts: boolean): Promise<CommandEnd> {
  const everyMs = adopts ? FOLLOW_EVERY_MS.adopting : FOLLOW_EVERY_MS.notAdopting;
  for (;;) {
    const end = await withTimeout(everyMs, ended);
    if (end !== undefined) return end;
    await watch.follow().catch(() => undefined);
  }
}
