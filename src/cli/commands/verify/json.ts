import { identityKey, type FoundBy, type StartedProcess } from '../../../core/process/descent.ts';
import type { ScenarioResult } from '../../../operations/verify/run-scenarios.ts';
import type { CommandVerification } from '../../../operations/verify/verify-command.ts';
import type { SettledLook } from '../../../operations/verify/watch.ts';
import { ClaudeMemError } from '../../../shared/errors.ts';

/** `verify --json`. Field names are API: add, never rename. */
export interface VerifyReport {
  readonly schemaVersion: 1;
  readonly command: 'verify';
  readonly passed: boolean;
  /** False if the process table could not be read completely. Then `passed` is false too. */
  readonly complete: boolean;
  /** The command; null for scenarios. */
  readonly run: ReportedRun | null;
  /** The Chroma that the scenarios used; null for a command. */
  readonly chroma: ReportedChroma | null;
  /** The processes that this machine cannot detect, as a sentence; null if it detects all. */
  readonly blindSpot: string | null;
  readonly scenarios: readonly ReportedScenario[];
  readonly error: ReportedError | null;
}

export interface ReportedChroma {
  readonly mode: 'semantic' | 'keyword';
  readonly uvx: string | null;
  /** The reason for keyword search; null for semantic search. */
  readonly reason: string | null;
}

export interface ReportedRun {
  readonly argv: readonly string[];
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface ReportedError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

export interface ReportedScenario {
  readonly name: string;
  /** Null if it was skipped. */
  readonly passed: boolean | null;
  /** Process counts: before, the peak while it ran, and after the settle time. */
  readonly baseline: number | null;
  readonly during: number | null;
  readonly after: number | null;
  readonly settledMs: number | null;
  readonly elapsedMs: number;
  /** The reason for skipping, or a failure other than processes left behind. */
  readonly problem: string | null;
  readonly left: readonly ReportedLeft[];
  /** Processes left behind that `--allow` permits. */
  readonly allowed: readonly ReportedLeft[];
}

export interface ReportedLeft {
  readonly pid: number;
  readonly ppid: number;
  readonly startedAt: string;
  readonly command: string;
  readonly foundBy: FoundBy;
  /** The outcome of `--reap`; null if it did nothing. */
  readonly outcome: string | null;
  /** The reason why `--reap` did not end it, if any. */
  readonly protectedBy: string | null;
}

/** If this process is no subreaper. */
const BLIND_SPOT =
  'this process cannot become a subreaper here, so a process that is re-parented and clears its environment between two readings is missed';

export interface CommandRun {
  readonly argv: readonly string[];
  readonly adopts: boolean;
  readonly elapsedMs: number;
}

export function reportCommand(
  { end, settled, reaped }: CommandVerification,
  { argv, adopts, elapsedMs }: CommandRun,
): VerifyReport {
  const isRead = !(settled instanceof ClaudeMemError);
  const complete = isRead && settled.isComplete;
  const left = isRead ? everLeft(settled, reaped).map((process) => reportLeft(process, reaped)) : [];
  const passed = complete && left.length === 0 && end.kind === 'exited' && end.exitCode === 0;
  return {
    schemaVersion: 1,
    command: 'verify',
    passed,
    complete,
    run: {
      argv,
      exitCode: end.kind === 'exited' ? end.exitCode : null,
      signal: end.kind === 'killed' ? end.signal : null,
    },
    chroma: null,
    blindSpot: adopts ? null : BLIND_SPOT,
    scenarios: [
      {
        name: 'command',
        passed: complete && left.length === 0,
        baseline: 0,
        during: null,
        after: isRead ? left.length : null,
        settledMs: isRead ? settled.settledMs : null,
        elapsedMs: Math.round(elapsedMs),
        problem: null,
        left,
        allowed: isRead ? settled.allowed.map((process) => reportLeft(process, undefined)) : [],
      },
    ],
    error: errorOf(argv, { end, settled, reaped }),
  };
}

/** Reports the results of the scenarios. */
export function reportScenarios(
  results: readonly ScenarioResult[],
  { complete, chroma, error }: Pick<VerifyReport, 'complete' | 'chroma' | 'error'>,
): VerifyReport {
  const scenarios = results.map(({ left, ...result }) => ({
    ...result,
    left: left.map((process) => reportLeft(process, undefined)),
    allowed: [],
  }));
  const isWell = scenarios.length > 0 && scenarios.every(({ passed }) => passed !== false);
  return {
    schemaVersion: 1,
    command: 'verify',
    passed: complete && error === null && isWell,
    complete,
    run: null,
    chroma,
    blindSpot: null,
    scenarios,
    error,
  };
}

/** Includes the processes that only a later reading found: a process may start others before it is ended. */
function everLeft({ left }: SettledLook, reaped: CommandVerification['reaped']): readonly StartedProcess[] {
  const all = [...left, ...(reaped?.after.left ?? [])];
  return [...new Map(all.map((process) => [identityKey(process.row), process])).values()];
}

function reportLeft({ row, foundBy }: StartedProcess, reaped: CommandVerification['reaped']): ReportedLeft {
  const { pid, ppid, startedAt, command, name } = row;
  return {
    pid,
    ppid,
    startedAt,
    command: command === '' ? `[${name}]` : command,
    foundBy,
    outcome: reaped?.outcomes.find((outcome) => outcome.pid === pid)?.outcome ?? null,
    protectedBy: reaped?.protectedBy.get(identityKey(row)) ?? null,
  };
}

function errorOf(argv: readonly string[], { end, settled, reaped }: CommandVerification): ReportedError | null {
  if (end.kind === 'not-started') {
    const hint = end.why === 'not-found' ? 'Check its name and PATH.' : 'Check its permissions.';
    return { code: end.why, message: `${argv[0] ?? ''} was not run: ${end.reason}`, hint };
  }
  if (settled instanceof ClaudeMemError)
    return { code: settled.code, message: settled.message, hint: settled.hint ?? null };
  if (reaped?.refused !== undefined) return { code: 'manifest-unreadable', message: reaped.refused, hint: null };
  return null;
}
