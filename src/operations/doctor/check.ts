import type { Settings } from '../../core/settings.ts';
import type { Observation } from '../observe/observe.ts';
import type { TreeStatus } from '../tree/tree-lifecycle.ts';
import type { DoctorPorts } from '../ports/doctor.ts';

/** The name of a check. `checks/index.ts` lists all of them. */
export type CheckId = string;

/** `error`: the check could not read everything it needs. */
export type CheckStatus = 'pass' | 'warn' | 'fail' | 'skip' | 'error';

/** The result of one check. */
export interface Finding {
  readonly status: CheckStatus;
  /** One sentence without a full stop. */
  readonly detail: string;
  /** The command that fixes the problem, or one instruction. */
  readonly fix?: string;
  /** Checks that need this one are skipped. */
  readonly blocks?: true;
}

/** The ports of a check. `observation` and `status` are read once per run and shared by all checks. */
export interface Look extends DoctorPorts {
  /** Aborted at this check's time limit. */
  readonly signal: AbortSignal;
  /** The shared reading of the process table. */
  readonly observation: () => Promise<Observation>;
  /** The supervisor's own status; undefined if no supervisor answers. */
  readonly status: () => Promise<TreeStatus | undefined>;
  /** @throws ClaudeMemError `settings`. */
  readonly settings: () => Settings;
}

/** One check of `doctor`. A check only reads. */
export interface Check {
  readonly id: CheckId;
  readonly title: string;
  /** Why the result matters, in one line. */
  readonly why: string;
  /** Checks that run first. If one of them blocks, this check is skipped. */
  readonly needs?: readonly CheckId[];
  /** Time limit in milliseconds, if the default is too short. */
  readonly limitMs?: number;
  readonly run: (look: Look) => Finding | Promise<Finding>;
}

export function pass(detail: string): Finding {
  return { status: 'pass', detail };
}

export function warn(detail: string, fix?: string): Finding {
  return { status: 'warn', detail, ...(fix === undefined ? {} : { fix }) };
}

export function fail(detail: string, fix?: string): Finding {
  return { status: 'fail', detail, ...(fix === undefined ? {} : { fix }) };
}

export function skip(detail: string): Finding {
  return { status: 'skip', detail };
}

/** The check could not read everything it needs. */
export function couldNotLook(detail: string, fix?: string): Finding {
  return { status: 'error', detail, ...(fix === undefined ? {} : { fix }) };
}

/** "None found" is a pass only if the reading is complete. */
export function passIfComplete({ isComplete }: { readonly isComplete: boolean }, detail: string): Finding {
  return isComplete ? pass(detail) : couldNotLook(`the reading is incomplete; in the readable part: ${detail}`);
}

/** Makes the checks that need this one skip. */
export function blocking(finding: Finding): Finding {
  return { ...finding, blocks: true };
}

/** A reason without the command at its end: `doctor` prints that command as the fix. */
export function reasonAlone(reason: string): string {
  return reason.replace(/; run claude-mem setup$/, '');
}
