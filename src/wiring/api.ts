/**
 * `claude-mem-cli` as a library: the functions return the documents of `--json`, print nothing and never exit. Only `reap`, and `verify`
 * with `reap`, end processes. All public types are in this file and in `documents.ts`.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { planReap, type ReapRequest } from '../core/verdicts/plan-reap.ts';
import { reportReap } from '../cli/commands/reap/json.ts';
import { reportLeaks } from '../operations/leaks/leak-report.ts';
import { judgeReading } from '../operations/observe/observe.ts';
import { reapAndTidy } from '../operations/terminate/reap-and-tidy.ts';
import { reportStatus, sightTree } from '../operations/tree/status-report.ts';
import { askForStatus } from '../operations/tree/tree-lifecycle.ts';
import { ClaudeMemError } from '../shared/errors.ts';
import { snapshotDocument } from '../state/files/snapshot-document.ts';
import { readSnapshotFile } from '../state/files/snapshot-file.ts';
import { createContext } from './context.ts';
import { createTreeContext } from './cli-tree.ts';
import type { LeakReport, ReapReport, SnapshotDocument, StatusReport, VerifyReport } from './documents.ts';
import type { VerifyAnswer, VerifyTask } from './verify-command.ts';

export type * from './documents.ts';
export { ClaudeMemError, type ErrorCode } from '../shared/errors.ts';

export interface DataDirOptions {
  /** As `--data-dir`. Default: `CLAUDE_MEM_DATA_DIR`, else `~/.claude-mem`. */
  readonly dataDir?: string;
}

export interface LeaksOptions extends DataDirOptions {
  /** Lists foreign processes too. */
  readonly all?: boolean;
  /** Judges this snapshot file instead of the process table. */
  readonly from?: string;
}

export interface ReapOptions extends DataDirOptions {
  /** Returns the plan and ends nothing. */
  readonly dryRun?: boolean;
  /** Time from SIGTERM to SIGKILL, in milliseconds (default: 5,000). */
  readonly graceMs?: number;
  /** Only processes of at least this age, in milliseconds. */
  readonly olderThanMs?: number;
  /** Only these processes. */
  readonly pids?: readonly number[];
  /** Ends these kinds of leaks too. */
  readonly include?: readonly ('excess' | 'observers')[];
  /** Stops before the next signal. Processes that already received SIGTERM get their grace period. */
  readonly signal?: AbortSignal;
}

export interface SnapshotOptions extends DataDirOptions {
  /** Removes personal data and secrets. */
  readonly redact?: boolean;
}

export interface VerifyOptions {
  /** Time for processes to exit after the command, in milliseconds (default: 1,000). */
  readonly settleMs?: number;
  /** Patterns for command lines. A process that matches may stay, with its descendants. */
  readonly allow?: readonly RegExp[];
  /** Ends the processes that are left, except those of a running claude-mem. */
  readonly reap?: boolean;
  /** With `reap`: time from SIGTERM to SIGKILL, in milliseconds (default: 5,000). */
  readonly graceMs?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Of the command (default: `inherit`). */
  readonly stdio?: 'inherit' | 'ignore';
  /** Sends SIGTERM to the command. */
  readonly signal?: AbortSignal;
}

/** The document of `leaks --json`. @throws ClaudeMemError */
export async function leaks(options: LeaksOptions = {}): Promise<LeakReport> {
  const { dataDir, from, all: showForeign = false } = options;
  const seen =
    from === undefined
      ? await createContext({ dataDir, acts: false, ifMissing: 'look' }).observe({
          memory: true,
          foreignMemory: showForeign,
        })
      : judgeReading(readSnapshotFile(from));
  return reportLeaks(seen, { showForeign });
}

/** Ends the proven leaks without asking. The document of `reap --yes --json`. @throws ClaudeMemError */
export async function reap(options: ReapOptions = {}): Promise<ReapReport> {
  const { dryRun = false, graceMs = DEFAULT_GRACE_MS, signal = new AbortController().signal, pids } = options;
  const context = createContext({ dataDir: options.dataDir, acts: !dryRun, ifMissing: 'look' });
  if (!dryRun) await context.assertMayAct();
  const request = requestOf(options);
  const observe = (how: { readonly memory: boolean }) =>
    context.observe({ ...how, ...(pids === undefined ? {} : { namedPids: new Set(pids) }) });
  const seen = await observe({ memory: true });
  const seenAt = context.clock.now();
  const plan = planReap(seen.judgements, seen.index, request);
  const shown = seen.judgements;
  if (dryRun) {
    const result = { plan, outcomes: [], after: seen, remaining: plan.plan };
    return reportReap(result, { dryRun, tidied: { lines: [] }, shown });
  }
  const ports = {
    observe,
    clock: context.clock,
    loadSignaller: () => context.signaller(),
    loadTrees: () => context.trees(),
    underOperationLock: <Result>(action: () => Promise<Result>, goesOnWithout: (reason: ClaudeMemError) => boolean) =>
      context.underOperationLock('claude-mem reap', signal, action, goesOnWithout),
  };
  const never = new AbortController().signal;
  const reaped = await reapAndTidy(ports, {
    ...{ seen, seenAt, plan, request, graceMs, interrupted: signal, forced: never },
  });
  return reportReap(reaped.result, { dryRun, tidied: reaped.tidied, shown });
}

/** The document of `status --json`. @throws ClaudeMemError */
export async function status({ dataDir }: DataDirOptions = {}): Promise<StatusReport> {
  const context = createContext({ dataDir, acts: false, ifMissing: 'look' });
  const answer = await askForStatus(createTreeContext(context).connect, context.clock);
  const observation = await context.observe({ memory: true });
  return { ...reportStatus(sightTree(observation, answer), context.dataDir), page: null };
}

/** The file that `snapshot` writes, as an object. @throws ClaudeMemError */
export async function snapshot({ dataDir, redact = false }: SnapshotOptions = {}): Promise<SnapshotDocument> {
  const context = createContext({ dataDir, acts: false, ifMissing: 'look' });
  const reading = await context.takeFullReading();
  const { isComplete, judgements } = judgeReading(reading);
  if (isComplete) context.assertDataDirExists(judgements);
  if (!redact) return snapshotDocument(reading);
  const { redactReading } = await import('../operations/redact/redact.ts');
  return snapshotDocument(redactReading(reading, context.personal()));
}

/**
 * Runs a command and reports the processes that it leaves behind: the document of `verify --json -- COMMAND`. The command runs below a
 * process of its own, so that processes of this one are never taken for the command's.
 * @throws ClaudeMemError
 */
export async function verify(argv: readonly string[], options: VerifyOptions = {}): Promise<VerifyReport> {
  if (argv.length === 0) throw new ClaudeMemError('usage', 'verify needs a command');
  const { cwd, env, stdio = 'inherit', signal, settleMs, graceMs, reap: isReaping = false, allow = [] } = options;
  const task: VerifyTask = {
    argv,
    ...{ settleMs, graceMs, reap: isReaping },
    allow: allow.map(({ source, flags }) => ({ source, flags })),
  };
  const runner = spawn(process.execPath, [join(__dirname, 'verify-command.js')], {
    ...{ cwd, env: env ?? process.env },
    stdio: [stdio, stdio, stdio, 'ipc'],
  });
  const end = () => void runner.kill('SIGTERM');
  signal?.addEventListener('abort', end);
  try {
    return await new Promise((resolve, reject) => {
      runner.once('error', (error) => {
        reject(new ClaudeMemError('io', `cannot run ${argv.join(' ')}: ${error.message}`, { cause: error }));
      });
      runner.once('message', (message) => {
        const answer = message as VerifyAnswer;
        if ('report' in answer) resolve(answer.report);
        else reject(thrown(answer.error));
      });
      // After a message this changes nothing.
      runner.once('close', (code, killedBy) => {
        const how = killedBy === null ? `exited with ${code ?? '?'}` : `was ended by ${killedBy}`;
        reject(new ClaudeMemError('interrupted', `the process that runs ${argv.join(' ')} ${how}`));
      });
      runner.send(task, (error) => {
        if (error !== null) reject(error);
        else if (signal?.aborted === true) end();
      });
    });
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

const DEFAULT_GRACE_MS = 5_000;

function requestOf({ include = [], olderThanMs, pids }: ReapOptions): ReapRequest {
  return {
    includeExcess: include.includes('excess'),
    includeObservers: include.includes('observers'),
    ...(olderThanMs === undefined ? {} : { olderThanSeconds: olderThanMs / 1000 }),
    ...(pids === undefined ? {} : { pids: new Set(pids) }),
  };
}

function thrown({ code, message, hint }: Extract<VerifyAnswer, { error: unknown }>['error']): Error {
  if (code === null) return new Error(message);
  return new ClaudeMemError(code, message, hint === undefined ? {} : { hint });
}
