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
  /** False if the process table could not be read in full: then nothing has passed. */
  readonly complete: boolean;
  /** The command that was run; null for the scenarios. */
  readonly run: ReportedRun | null;
  /** Which Chroma the scenarios ran with; null for a command. */
  readonly chroma: ReportedChroma | null;
  /** What this machine does not show, in words; null if nothing escapes. */
  readonly blindSpot: string | null;
  readonly scenarios: readonly ReportedScenario[];
  readonly error: ReportedError | null;
}

export interface ReportedChroma {
  readonly mode: 'semantic' | 'keyword';
  readonly uvx: string | null;
  /** Why search went by keyword; null if it went by meaning. */
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
  /** Processes before, at most while it ran, and after it had time to settle. */
  readonly baseline: number | null;
  readonly during: number | null;
  readonly after: number | null;
  readonly settledMs: number | null;
  readonly elapsedMs: number;
  /** Why it was skipped, or what besides leftovers was not as it should be. */
  readonly problem: string | null;
  readonly left: readonly ReportedLeft[];
  /** Was left and is wanted (`--allow`). */
  readonly allowed: readonly ReportedLeft[];
}

export interface ReportedLeft {
  readonly pid: number;
  readonly ppid: number;
  readonly startedAt: string;
  readonly command: string;
  readonly foundBy: FoundBy;
  /** What `--reap` did; null if it did nothing. */
  readonly outcome: string | null;
  /** Why `--reap` let it live; null if it did not. */
  readonly protectedBy: string | null;
}

/** Where nobody adopts for us. */
const BLIND_SPOT =
  'this process cannot adopt orphans here, so what leaves its parent and clears its environment between two looks is not seen';

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

/** What the scenarios came to. */
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

/** What was started by something that was about to be ended comes to light in between. */
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
