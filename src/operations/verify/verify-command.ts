import type { ProcessRow } from '../../core/process/snapshot.ts';
import { ClaudeMemError } from '../../shared/errors.ts';
import { withTimeout } from '../../shared/with-timeout.ts';
import { terminateLeft, type EndLeftPorts, type EndLeftResult } from './terminate-left.ts';
import type { CommandEnd, RunCommand } from '../ports/process.ts';
import { VERIFY_MARK, Watch, type SettledLook, type WatchPorts } from './watch.ts';

export interface VerifyCommandPorts extends WatchPorts, Omit<EndLeftPorts, 'watch'> {
  readonly run: RunCommand;
  /** Whether this process adopts what loses its parent among its descendants. */
  readonly adopts: boolean;
}

export interface VerifyCommandOptions {
  readonly argv: readonly string[];
  readonly mark: string;
  /** How long what it started may take to go after it has ended, in milliseconds. */
  readonly settleMs: number;
  readonly isAllowed: (row: ProcessRow) => boolean;
  /** Ends what is left then; with this grace period in milliseconds. Absent: nothing is ended. */
  readonly reap?: { readonly graceMs: number };
  /** Called when the command has ended: what comes now can be interrupted. */
  readonly onEnded?: () => { readonly interrupted: AbortSignal; readonly forced: AbortSignal };
}

export interface CommandVerification {
  readonly end: CommandEnd;
  /** The error if the process table could not be read any more. */
  readonly settled: SettledLook | ClaudeMemError;
  readonly reaped: EndLeftResult | undefined;
}

/** Between two looks while it runs, in milliseconds: adopted ones only have to be waited for, others would be lost. */
const FOLLOW_EVERY_MS = { adopting: 1_000, notAdopting: 250 } as const;

/**
 * Runs a command and says what it left behind.
 * @throws ClaudeMemError `process-table-unreadable` before it is run.
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
    // Node.js waits for the command itself; its pid means somebody else only after that.
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
    // The command has run, and its exit code is owed to whoever asked for it.
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

/** A reading that fails meanwhile is nobody's business yet: the one that counts comes at the end. */
async function followUntilEnd(ended: Promise<CommandEnd>, watch: Watch, adopts: boolean): Promise<CommandEnd> {
  const everyMs = adopts ? FOLLOW_EVERY_MS.adopting : FOLLOW_EVERY_MS.notAdopting;
  for (;;) {
    const end = await withTimeout(everyMs, ended);
    if (end !== undefined) return end;
    await watch.follow().catch(() => undefined);
  }
}
