import type { Settings } from '../../core/settings.ts';
import type { Observation } from '../observe/observe.ts';
import type { TreeStatus } from '../tree/tree-lifecycle.ts';
import type { DoctorPorts } from '../ports/doctor.ts';

/** The name of a check. `checks/index.ts` lists the checks there are. */
export type CheckId = string;

/** `error`: it could not look, or not at everything. */
export type CheckStatus = 'pass' | 'warn' | 'fail' | 'skip' | 'error';

/** What a check found. */
export interface Finding {
  readonly status: CheckStatus;
  /** What was found, in a sentence without a full stop. */
  readonly detail: string;
  /** The command or the one thing to do about it. */
  readonly fix?: string;
  /** Other checks cannot look because of this. */
  readonly blocks?: true;
}

/** What one run of all checks shares: each of these is looked at once, whoever asks first. */
export interface Look extends DoctorPorts {
  /** Aborted when this check's time is over. */
  readonly signal: AbortSignal;
  /** The one reading of the process table. */
  readonly observation: () => Promise<Observation>;
  /** What the supervisor says; undefined if none answers. */
  readonly status: () => Promise<TreeStatus | undefined>;
  /** @throws ClaudeMemError `settings`. */
  readonly settings: () => Settings;
}

/** One check of `doctor`. Looks and changes nothing. */
export interface Check {
  readonly id: CheckId;
  readonly title: string;
  /** Why anybody should care, in one line. */
  readonly why: string;
  /** Checks without whose subject this one cannot look; they run first. */
  readonly needs?: readonly CheckId[];
  /** How long it may take, in milliseconds, where the usual limit is too short. */
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

/** It could not look, or not at everything. */
export function couldNotLook(detail: string, fix?: string): Finding {
  return { status: 'error', detail, ...(fix === undefined ? {} : { fix }) };
}

/** That nothing is there is known only if everything could be looked at. */
export function passIfComplete({ isComplete }: { readonly isComplete: boolean }, detail: string): Finding {
  return isComplete ? pass(detail) : couldNotLook(`not everything could be looked at; in what could: ${detail}`);
}

/** A finding without which others cannot look. */
export function blocking(finding: Finding): Finding {
  return { ...finding, blocks: true };
}

/** A reason without the command in it, which is the fix. */
export function reasonAlone(reason: string): string {
  return reason.replace(/; run claude-mem setup$/, '');
}
