import { randomUUID } from 'node:crypto';
import { reportCommand } from '../cli/commands/verify/json.ts';
import { verifyCommand } from '../operations/verify/verify-command.ts';
import { ClaudeMemError, messageOf, type ErrorCode } from '../shared/errors.ts';
import { commandPorts } from './cli-verify.ts';
import { createContext } from './context.ts';
import type { VerifyReport } from './documents.ts';

/** The message to this program, which runs one command for `verify` of the library. */
export interface VerifyTask {
  readonly argv: readonly string[];
  readonly settleMs: number | undefined;
  readonly graceMs: number | undefined;
  readonly reap: boolean;
  readonly allow: readonly { readonly source: string; readonly flags: string }[];
}

export type VerifyAnswer =
  | { readonly report: VerifyReport }
  /** `code` is null for an unexpected error. */
  | {
      readonly error: { readonly code: ErrorCode | null; readonly message: string; readonly hint: string | undefined };
    };

const DEFAULT_SETTLE_MS = 1_000;
const DEFAULT_GRACE_MS = 5_000;

process.once('message', (task) => {
  // Without its caller, the command must end: SIGTERM is forwarded to it.
  process.once('disconnect', () => process.emit('SIGTERM'));
  void answerTo(task as VerifyTask).then((answer) => {
    if (!process.connected) return;
    process.send?.(answer, () => {
      process.removeAllListeners('disconnect');
      process.disconnect();
    });
  });
});

async function answerTo(task: VerifyTask): Promise<VerifyAnswer> {
  try {
    return { report: await run(task) };
  } catch (error) {
    if (!(error instanceof ClaudeMemError))
      return { error: { code: null, message: messageOf(error), hint: undefined } };
    return { error: { code: error.code, message: error.message, hint: error.hint } };
  }
}

async function run({ argv, settleMs, graceMs, reap, allow }: VerifyTask): Promise<VerifyReport> {
  const patterns = allow.map(({ source, flags }) => new RegExp(source, flags.replaceAll(/[gy]/g, '')));
  const ports = await commandPorts(createContext({ acts: reap, ifMissing: 'accept' }));
  const startedAt = ports.clock.now();
  const verification = await verifyCommand(ports, {
    argv,
    mark: randomUUID(),
    settleMs: settleMs ?? DEFAULT_SETTLE_MS,
    isAllowed: ({ command, name }) => patterns.some((pattern) => pattern.test(command === '' ? `[${name}]` : command)),
    ...(reap ? { reap: { graceMs: graceMs ?? DEFAULT_GRACE_MS } } : {}),
  });
  return reportCommand(verification, { argv, adopts: ports.adopts, elapsedMs: ports.clock.now() - startedAt });
}
